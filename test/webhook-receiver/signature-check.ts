import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { BadRequestError } from '../admin-http/request-errors.ts';

/** Says whether a request was signed, and by which of the secrets. */
export interface SignatureCheck {
  /** Place of the secret that fits, counted from 0 in the order they were given. */
  readonly verifiedBy?: number;
  /** Why none fits, as the last one said it. */
  readonly signatureError?: string;
}

const maxSecrets = 100;

/** Checks signatures of the Standard Webhooks scheme. */
export class SignatureChecker {
  readonly #webhooks: Webhook[] = [];
  readonly #secrets: string[] = [];

  /**
   * Adds a secret unless it is known, and gives its place.
   * @throws {BadRequestError} not base64, with or without "whsec_" before it.
   */
  trust(secret: string): number {
    const known = this.#secrets.indexOf(secret);
    if (known >= 0) return known;
    if (this.#webhooks.length >= maxSecrets) {
      throw new BadRequestError('secret', `there are ${maxSecrets} already`, 'start a new receiver');
    }
    try {
      this.#webhooks.push(new Webhook(secret));
    } catch (cause) {
      throw new BadRequestError('secret', 'it is not base64', 'give one like "whsec_MDEyMw=="', { cause });
    }
    return this.#secrets.push(secret) - 1;
  }

  /** An old timestamp counts as a bad signature, as the scheme has it: 5 min. */
  check(body: Buffer, headers: Readonly<Record<string, string>>): SignatureCheck {
    let signatureError = 'no secret is known';
    for (const [place, webhook] of this.#webhooks.entries()) {
      try {
        webhook.verify(body, headers, { jsonParse: false });
        return { verifiedBy: place };
      } catch (error) {
        if (!(error instanceof WebhookVerificationError)) throw error;
        signatureError = error.message;
      }
    }
    return { signatureError };
  }
}
