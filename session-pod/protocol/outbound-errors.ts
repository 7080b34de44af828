import { BerthError } from './berth-error.ts';

/** The URL, or the address behind it, is none that a request may go to. Nothing was sent. */
export class OutboundRefusedError extends BerthError {
  readonly code = 'OUTBOUND_REFUSED';
  readonly retryable = false; // Until DNS, the URL or `outbound.allow` is changed.
  /** What is so, without the URL: short enough for a status field. */
  readonly what: string;
  constructor(origin: string, what: string) {
    super(`Cannot send to "${origin}": ${what}; name another URL, or allow the address in "outbound.allow"`);
    this.what = what;
  }
}

/** The request went wrong before an answer came: no name, no connection, no trust, or no time left. */
export class OutboundFailedError extends BerthError {
  readonly code = 'OUTBOUND_FAILED';
  readonly retryable = true;
  readonly what: string;
  constructor(origin: string, what: string, options: { cause: unknown }) {
    super(`Cannot send to "${origin}": ${what}; check that it can be reached from the cluster`, options);
    this.what = what;
  }
}
