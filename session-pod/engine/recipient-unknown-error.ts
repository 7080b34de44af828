import { BerthError } from '@berth/protocol';

/** A message has nobody to go to: the number or address is not on WhatsApp. */
export class RecipientUnknownError extends BerthError {
  readonly code = 'RECIPIENT_UNKNOWN';
  readonly retryable = false;
  constructor(options?: ErrorOptions) {
    super('Cannot send a message: WhatsApp knows no chat for this recipient; see whether the number is right', options);
  }
}
