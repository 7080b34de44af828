import type { Answer } from './problem.ts';

export interface ApiRequest {
  readonly query: URLSearchParams;
  /** The parsed JSON body of a POST; undefined for a GET. */
  readonly body: unknown;
}

/** One method of one path. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `operator`: only with a client certificate of the operator. */
  readonly access: 'anyone' | 'operator';
  /** Must answer in its own bounded time. What it throws is logged and answered with 500. */
  readonly answer: (request: ApiRequest) => Promise<Answer> | Answer;
}
