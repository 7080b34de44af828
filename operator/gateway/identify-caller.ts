import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createConcurrencyLimit } from '../api/concurrency-limit.ts';
import { reviewToken, type TokenUser } from '../api/review-token.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';

/** The only audience that is taken: such a token is good for nothing on the API server, so one that leaks here gives no more. */
export const gatewayAudience = 'berth-gateway';

/**
 * Asks the API server who calls; undefined for nobody it knows.
 * @throws {ApiError | TokenReviewError | OverloadedError} it could not be asked, or could not say
 */
export type IdentifyCaller = (token: string) => Promise<TokenUser | undefined>;

/** Milliseconds that an answer is believed: how long a token works on after its ServiceAccount was deleted. */
const believedMs = 10_000;
const remembered = 4_096;
/** Few, so that strangers cannot keep the API server, or the reconcile loop that asks it too, from their work. */
const reviewsAtOnce = 4;
const reviewsInLine = 64;

/** Creates the check, with a bounded memory for both answers. */
export function createIdentifyCaller({
  client,
  nowMs,
}: {
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly nowMs: () => number;
}): IdentifyCaller {
  const known = new LRUCache<string, { readonly user: TokenUser | undefined }>({ max: remembered, ttl: believedMs });
  const limit = createConcurrencyLimit('check a token', reviewsAtOnce, reviewsInLine);

  return async function identifyCaller(token) {
    if (!mayBeOurs(token, nowMs())) return undefined;
    const digest = createHash('sha256').update(token).digest('base64');
    const answer = known.get(digest) ?? { user: await limit.run(() => reviewToken(client, token, gatewayAudience)) };
    known.set(digest, answer, { noUpdateTTL: true });
    return answer.user;
  };
}

/**
 * Turns away what the API server need not be asked about: a token that says itself that it is of another audience, or over.
 * One that is no JWT is asked about, since an authenticator of the cluster may know it.
 */
function mayBeOurs(token: string, nowMs: number): boolean {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return token !== '';
  try {
    const { aud, exp }: { aud?: unknown; exp?: unknown } = JSON.parse(
      Buffer.from(payload, 'base64url').toString('utf8'),
    );
    const isForUs = aud === gatewayAudience || (Array.isArray(aud) && aud.includes(gatewayAudience));
    return isForUs && (typeof exp !== 'number' || exp * 1000 > nowMs);
  } catch {
    return false; // Three parts of which the middle one is no JSON: of no use to anybody.
  }
}
