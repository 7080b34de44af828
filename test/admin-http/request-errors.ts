import { BerthError } from '@berth/protocol';

/** A request of the admin API that its caller has to mend: answered with 400. */
export class BadRequestError extends BerthError {
  readonly code = 'STAND_IN_BAD_REQUEST';
  readonly retryable = false;
  /** The field that is wrong, or "body" where it is the body as a whole. */
  readonly field: string;

  constructor(field: string, isSo: string, remedy: string, options?: ErrorOptions) {
    super(`Cannot read "${field}": ${isSo}; ${remedy}`, options);
    this.field = field;
  }
}

/** What a well-formed request names does not exist, or not yet: answered with 404. */
export class NotFoundError extends BerthError {
  readonly code = 'STAND_IN_NOT_FOUND';
  readonly retryable = true; // A session may still be on its way to log in.

  constructor(action: string, isSo: string, remedy: string) {
    super(`Cannot ${action}: ${isSo}; ${remedy}`);
  }
}
