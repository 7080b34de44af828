import { BerthError } from '@berth/protocol';

/** The engine has no connection to WhatsApp at present. */
export class NotConnectedError extends BerthError {
  readonly code = 'NOT_CONNECTED';
  readonly retryable = true;
  constructor(action: string, options?: ErrorOptions) {
    super(`Cannot ${action}: there is no connection to WhatsApp; wait until the session is ready`, options);
  }
}
