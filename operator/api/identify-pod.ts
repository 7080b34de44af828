import { createHash } from 'node:crypto';
import { BerthError, operatorAudience } from '@berth/protocol';
import { LRUCache } from 'lru-cache';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { path } from '../resource/names.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';

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

/** The API server answered, and could not check the token. */
export class TokenReviewError extends BerthError {
  readonly code = 'TOKEN_REVIEW_FAILED';
  readonly retryable = true;
  constructor(what: string) {
    super(`Cannot check a token: the API server says "${what.slice(0, 200)}"; look at the API server and its etcd`);
  }
}

interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly error?: string;
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

/**
 * Milliseconds that a positive answer is believed; what ends a run is looked up at each report all the same. Longer than
 * the minute after which each pod asks again: the API server is not to check every token of the cluster once a minute.
 */
const believedMs = 300_000;
const remembered = 20_000;
const reviewsAtOnce = 16;
const reviewsInLine = 2_000;
/** Longer than any token of a service account; what is longer is not sent on. */
const tokenLimit = 8_192;

/** Creates the check, with a memory for tokens that were accepted; refused ones are asked for each time. */
export function createIdentifyPod({ client }: { readonly client: Pick<KubernetesClient, 'request'> }): IdentifyPod {
  const accepted = new LRUCache<string, PodIdentity>({ max: remembered, ttl: believedMs });
  const limit = createConcurrencyLimit('check a token', reviewsAtOnce, reviewsInLine);

  return async function identifyPod(token) {
    if (token === '' || token.length > tokenLimit) return 'unauthenticated';
    const digest = createHash('sha256').update(token).digest('base64');
    const known = accepted.get(digest);
    if (known !== undefined) return known;
    const identity = await limit.run(() => review(client, token));
    if (identity !== 'unauthenticated') accepted.set(digest, identity);
    return identity;
  };
}

async function review(client: Pick<KubernetesClient, 'request'>, token: string) {
  const { status = {} } = await client.request<{ status?: TokenReviewStatus }>({
    method: 'POST',
    path: path.tokenReviews,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [operatorAudience] },
    },
    timeoutMs: 5_000,
  });
  if (status.authenticated !== true && isOfTheMoment(status.error)) throw new TokenReviewError(status.error ?? '');
  return identityOf(status) ?? 'unauthenticated';
}

/**
 * A token is bound to its pod and checked against it; where the API server cannot read that from its store, it answers
 * like for a wrong token, with the store's error. Taken for a refusal, an outage of etcd would end sessions.
 */
const isOfTheMoment = (error: string | undefined) => error !== undefined && momentary.test(error);
const momentary =
  /etcdserver|timed? ?out|timeout|deadline|unavailable|unable to handle|too many requests|internal error|connection|context canceled|\beof\b/i;

/** Undefined when the token is good for nothing here: not ours, of another audience, or not bound to a pod. */
function identityOf({ authenticated, audiences, user }: TokenReviewStatus): PodIdentity | undefined {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user?.username ?? '');
  const podName = user?.extra?.['authentication.kubernetes.io/pod-name']?.[0];
  const podUid = user?.extra?.['authentication.kubernetes.io/pod-uid']?.[0];
  const [, namespace, serviceAccount] = account ?? [];
  if (authenticated !== true || audiences?.includes(operatorAudience) !== true) return undefined;
  if (!namespace || !serviceAccount || !podName || !podUid) return undefined;
  return { namespace, serviceAccount, podName, podUid };
}
