import { Webhook } from 'standardwebhooks';
import { BerthError } from './berth-error.ts';

/** The key cannot sign: it is empty, or says that it is Base64 and is not. */
export class WebhookKeyError extends BerthError {
  readonly code = 'WEBHOOK_KEY_INVALID';
  readonly retryable = false;
  constructor(options?: ErrorOptions) {
    super('Cannot sign a webhook: its key is empty or, after "whsec_", not Base64; mend the Secret', options);
  }
}

/**
 * Makes the headers by which a receiver knows the sender and drops repeats.
 * @param key the bytes of the key, or text `whsec_<Base64>` as receivers show it
 * @param id the same on every attempt
 * @param atMs when this attempt is made, in milliseconds since the epoch; receivers refuse what is 5 minutes off
 * @throws {WebhookKeyError}
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookHeaders(
  key: Uint8Array,
  { id, atMs, body }: { readonly id: string; readonly atMs: number; readonly body: string },
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(atMs / 1000)),
    'webhook-signature': signerWith(key).sign(id, new Date(atMs), body),
  };
}

const encodedPrefix = 'whsec_';

function signerWith(key: Uint8Array): Webhook {
  const text = Buffer.from(key).toString('latin1');
  try {
    // A file that an editor wrote ends with a newline, which Base64 cannot mean; in raw bytes it may be meant.
    if (text.startsWith(encodedPrefix)) return new Webhook(text.trim());
    return new Webhook(key, { format: 'raw' });
  } catch (cause) {
    throw new WebhookKeyError({ cause });
  }
}
