import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';

/** One path and method of the API. A file in routes/ makes each. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `signal` is aborted when the client has gone or the server closes. */
  readonly handle: (request: IncomingMessage, signal: AbortSignal) => Promise<Answer>;
}
