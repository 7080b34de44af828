import { LRUCache } from 'lru-cache';
import { createConcurrencyLimit } from '../api/concurrency-limit.ts';
import type { TokenUser } from '../api/review-token.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { group, path } from '../resource/names.ts';

/** What somebody wants to do, in the words of RBAC. */
export interface Permission {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'delete';
  readonly resource: 'whatsappsessions' | 'sessionends';
  /** Virtual: the API server serves none of them, RBAC knows all of them. */
  readonly subresource?: string;
}

/** Where: all namespaces unless told, all sessions of it unless told. */
export interface Scope {
  readonly namespace?: string;
  readonly name?: string;
}

/**
 * Asks the API server's authorizers, thus plain RBAC, whether somebody may.
 * @throws {ApiError | OverloadedError} they could not be asked
 */
export type Authorize = (user: TokenUser, permission: Permission, scope: Scope) => Promise<boolean>;

/** Milliseconds that an answer is believed. The API server's own webhook authorizer believes longer. */
const believedMs = 10_000;
const remembered = 16_384;
const reviewsAtOnce = 8;
const reviewsInLine = 256;

export function createAuthorize({ client }: { readonly client: Pick<KubernetesClient, 'request'> }): Authorize {
  const known = new LRUCache<string, boolean>({ max: remembered, ttl: believedMs });
  const limit = createConcurrencyLimit('ask for a permission', reviewsAtOnce, reviewsInLine);

  return async function authorize({ username, uid, groups, extra }, permission, scope) {
    const spec = {
      user: username,
      ...(uid === undefined ? {} : { uid }),
      ...(groups === undefined ? {} : { groups }),
      ...(extra === undefined ? {} : { extra }),
      resourceAttributes: { group, ...permission, ...scope },
    };
    const question = JSON.stringify(spec);
    const before = known.get(question);
    if (before !== undefined) return before;
    const { status } = await limit.run(() =>
      client.request<{ status?: { allowed?: boolean } }>({
        method: 'POST',
        path: path.subjectAccessReviews,
        body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec },
        timeoutMs: 5_000,
      }),
    );
    const isAllowed = status?.allowed === true;
    known.set(question, isAllowed);
    return isAllowed;
  };
}
