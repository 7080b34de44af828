import { createHash } from 'node:crypto';
import { operatorAudience } from '@berth/protocol';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import type { ObservedPod } from '../plan/observed.ts';
import { path } from '../resource/names.ts';
import type { ObjectMeta } from '../resource/object-meta.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { createIssuerKeys, type Issuer } from './issuer-keys.ts';
import { type IdentifyPod, type PodIdentity, tokenLimit } from './pod-identity.ts';

export interface VerifyPodTokenDependencies {
  readonly client: Pick<KubernetesClient, 'request' | 'nowMs'>;
  /** What the watch knows of a pod. */
  readonly findPod: (namespace: string, name: string) => Pick<ObservedPod, 'uid'> | undefined;
}

/** Milliseconds that a positive answer is believed, as of a TokenReview; never longer than the token is good. */
const believedMs = 300_000;
const remembered = 20_000;
const checksAtOnce = 16;
const checksInLine = 2_000;
/** What API servers sign with: RSA by default, elliptic curves where the key is one. Never a secret that both sides know. */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

/**
 * Creates the check without any right over the cluster: the signature is verified here, by the keys that the API server
 * shows to every service account. What a TokenReview would see beside that, a bound pod that is gone, is looked up.
 *
 * Its errors are IssuerUnknownError, ApiError and OverloadedError.
 */
export function createVerifyPodToken({ client, findPod }: VerifyPodTokenDependencies): IdentifyPod {
  const issuerKeys = createIssuerKeys({ client });
  const accepted = new LRUCache<string, PodIdentity>({ max: remembered });
  const limit = createConcurrencyLimit('check a token', checksAtOnce, checksInLine);

  const claimsBy = async ({ name, keys }: Issuer, token: string) =>
    jwtVerify(token, keys, {
      issuer: name,
      audience: operatorAudience,
      algorithms,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(client.nowMs()), // By the clock that the API server gave it its time by.
    });

  /** Undefined when the token is good for nothing here. */
  async function verified(token: string): Promise<JWTPayload | undefined> {
    try {
      return (await claimsBy(await issuerKeys.current(), token)).payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      // The cluster may sign with another key, or by another name, since it was asked.
      const newer = mayBeOfNewerIssuer(error) ? await issuerKeys.newer() : undefined;
      if (newer === undefined) return undefined;
      return claimsBy(newer, token).then(
        ({ payload }) => payload,
        () => undefined,
      );
    }
  }

  /** A token outlives its pod, up to an hour: nobody but a look at the pod says that it is over. */
  async function exists({ namespace, podName, podUid }: PodIdentity): Promise<boolean> {
    if (findPod(namespace, podName)?.uid === podUid) return true;
    try {
      const pod = await client.request<{ metadata: ObjectMeta }>({
        method: 'GET',
        path: path.pod(namespace, podName),
        timeoutMs: 5_000,
      });
      return pod.metadata.uid === podUid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async function check(token: string, digest: string): Promise<PodIdentity | 'unauthenticated'> {
    const payload = await verified(token);
    const identity = payload && identityOf(payload);
    if (payload === undefined || identity === undefined || !(await exists(identity))) return 'unauthenticated';
    const ttl = Math.min(believedMs, (payload.exp ?? 0) * 1000 - client.nowMs());
    if (ttl > 0) accepted.set(digest, identity, { ttl });
    return identity;
  }

  return async function verifyPodToken(token) {
    if (token === '' || token.length > tokenLimit) return 'unauthenticated';
    const digest = createHash('sha256').update(token).digest('base64');
    return accepted.get(digest) ?? limit.run(() => check(token, digest));
  };
}

function mayBeOfNewerIssuer(error: errors.JOSEError): boolean {
  if (error instanceof errors.JWKSNoMatchingKey) return true;
  return error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss';
}

/** What the API server writes into the token of a pod; undefined when it is bound to none. */
function identityOf(payload: JWTPayload): PodIdentity | undefined {
  const claims = (payload['kubernetes.io'] ?? {}) as {
    readonly namespace?: unknown;
    readonly pod?: { readonly name?: unknown; readonly uid?: unknown };
    readonly serviceaccount?: { readonly name?: unknown };
  };
  const { namespace, pod, serviceaccount } = claims;
  const texts = [namespace, pod?.name, pod?.uid, serviceaccount?.name];
  if (!texts.every((text) => typeof text === 'string' && text !== '')) return undefined;
  const [inNamespace, podName, podUid, serviceAccount] = texts as [string, string, string, string];
  if (payload.sub !== `system:serviceaccount:${inNamespace}:${serviceAccount}`) return undefined;
  return { namespace: inNamespace, serviceAccount, podName, podUid };
}
