import { BerthError } from '@berth/protocol';

/** WhatsApp gave no pairing code. */
export class PairingCodeRefusedError extends BerthError {
  readonly code = 'PAIRING_CODE_REFUSED';
  readonly retryable = true;
  constructor(what: string, options?: ErrorOptions) {
    super(`Cannot get a pairing code: ${what}; see whether the phone number is right, or pair by QR code`, options);
  }
}
