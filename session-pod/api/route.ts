import type { Answer } from './problem.ts';

export interface ApiRequest {
  readonly query: URLSearchParams;
  /** The parsed JSON body of a POST; undefined for a GET. */
  readonly body: unknown;
}

/** A text of WhatsApp has at most 65,536 characters, each of up to 6 bytes in JSON. */
export const defaultMaxBodyBytes = 512 * 1024;

/** One method of one path. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `operator`: only with a client certificate of the operator. */
  readonly access: 'anyone' | 'operator';
  /** Of a POST, where it may be larger than 512 KiB: then one at a time is read and answered. */
  readonly maxBodyBytes?: number;
  /** Must answer in its own bounded time. What it throws is logged and answered with 500. */
  readonly answer: (request: ApiRequest) => Promise<Answer> | Answer;
}
