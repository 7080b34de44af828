import { createHash } from 'node:crypto';
import { operatorAudience } from '@berth/protocol';
import { LRUCache } from 'lru-cache';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { reviewToken, type TokenUser } from './review-token.ts';

/** Whose token it is, in the API server's words. */
export interface PodIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

/**
 * Asks the API server whose token it is. Deleting a pod ends its token 60 s later.
 * @throws {ApiError | TokenReviewError | OverloadedError} it could not be asked, or could not say
 */
export type IdentifyPod = (token: string) => Promise<PodIdentity | 'unauthenticated'>;

/**
 * Milliseconds that a positive answer is believed; what ends a run is looked up at each report all the same. Longer than
 * the minute after which each pod asks again: the API server is not to check every token of the cluster once a minute.
 */
const believedMs = 300_000;
const remembered = 20_000;
const reviewsAtOnce = 16;
const reviewsInLine = 2_000;
/** Creates the check, with a memory for tokens that were accepted; refused ones are asked for each time. */
export function createIdentifyPod({ client }: { readonly client: Pick<KubernetesClient, 'request'> }): IdentifyPod {
  const accepted = new LRUCache<string, PodIdentity>({ max: remembered, ttl: believedMs });
  const limit = createConcurrencyLimit('check a token', reviewsAtOnce, reviewsInLine);

  return async function identifyPod(token) {
    if (token === '') return 'unauthenticated';
    const digest = createHash('sha256').update(token).digest('base64');
    const known = accepted.get(digest);
    if (known !== undefined) return known;
    const user = await limit.run(() => reviewToken(client, token, operatorAudience));
    const identity = user && identityOf(user);
    if (identity === undefined) return 'unauthenticated';
    accepted.set(digest, identity);
    return identity;
  };
}

/** Undefined when the token is good for nothing here: not bound to a pod. */
function identityOf({ username, extra }: TokenUser): PodIdentity | undefined {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  const podName = extra?.['authentication.kubernetes.io/pod-name']?.[0];
  const podUid = extra?.['authentication.kubernetes.io/pod-uid']?.[0];
  const [, namespace, serviceAccount] = account ?? [];
  if (!namespace || !serviceAccount || !podName || !podUid) return undefined;
  return { namespace, serviceAccount, podName, podUid };
}
