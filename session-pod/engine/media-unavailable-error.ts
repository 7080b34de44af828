import { BerthError } from '@berth/protocol';

/** A file that came with a message cannot be had. */
export class MediaUnavailableError extends BerthError {
  readonly code = 'MEDIA_UNAVAILABLE';
  /** Whether it may be there later. */
  readonly retryable: boolean;
  constructor(what: string, retryable: boolean, options?: ErrorOptions) {
    super(`Cannot read the file: ${what}; ${retryable ? 'try again' : 'ask the sender for it again'}`, options);
    this.retryable = retryable;
  }
}
