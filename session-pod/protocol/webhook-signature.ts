import { Webhook } from 'standardwebhooks';
import { BerthError } from './berth-error.ts';

/** Secrets of one key that are valid at once: the new one and the old one, and some to spare. */
const secretsAtMost = 5;

/** The key cannot sign: it is empty, holds too many secrets, or says that it is Base64 and is not. */
export class WebhookKeyError extends BerthError {
  readonly code = 'WEBHOOK_KEY_INVALID';
  readonly retryable = false;
  constructor(options?: ErrorOptions) {
    super(
      `Cannot sign a webhook: its key is empty, or not a list of at most ${secretsAtMost} of "whsec_" and Base64; mend the Secret`,
      options,
    );
  }
}

/**
 * Makes the headers by which a receiver knows the sender and drops repeats.
 * @param key text `whsec_<Base64>` as receivers show it, or several of them, the newest first, with white space between:
 *   all sign, so that a receiver with any of them can verify while they are exchanged. Anything else is one key, as it is.
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
    'webhook-signature': signersWith(key)
      .map((signer) => signer.sign(id, new Date(atMs), body))
      .join(' '),
  };
}

const encodedPrefix = 'whsec_';

function signersWith(key: Uint8Array): readonly Webhook[] {
  const text = Buffer.from(key).toString('latin1');
  // White space may be meant in raw bytes; Base64 cannot mean it, and a file that an editor wrote ends with a newline.
  const secrets = text.trimStart().startsWith(encodedPrefix) ? text.trim().split(/\s+/) : undefined;
  try {
    if (secrets === undefined) return [new Webhook(key, { format: 'raw' })];
    if (secrets.length > secretsAtMost || !secrets.every((secret) => secret.startsWith(encodedPrefix)))
      throw new WebhookKeyError();
    return secrets.map((secret) => new Webhook(secret));
  } catch (cause) {
    throw cause instanceof WebhookKeyError ? cause : new WebhookKeyError({ cause });
  }
}
