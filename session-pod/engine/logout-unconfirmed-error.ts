import { BerthError } from '@berth/protocol';

/** WhatsApp did not confirm that the device is unlinked: it may be, or may not. */
export class LogoutUnconfirmedError extends BerthError {
  readonly code = 'LOGOUT_UNCONFIRMED';
  readonly retryable = true;
  constructor(what: string, options?: ErrorOptions) {
    super(`Cannot log out: ${what}; remove the device on the phone if it is still there`, options);
  }
}
