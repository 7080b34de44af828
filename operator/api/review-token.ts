import { BerthError } from '@berth/protocol';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { path } from '../resource/names.ts';

/** The API server answered, and could not check the token. */
export class TokenReviewError extends BerthError {
  readonly code = 'TOKEN_REVIEW_FAILED';
  readonly retryable = true;
  constructor(what: string) {
    super(`Cannot check a token: the API server says "${what.slice(0, 200)}"; look at the API server and its etcd`);
  }
}

/** Whose token it is, as the API server's authorizers want to be told. */
export interface TokenUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly error?: string;
  readonly user?: Partial<TokenUser>;
}

/** Longer than any token of a service account, in characters; what is longer is not sent on. */
const tokenLimit = 8_192;

/**
 * Asks the API server whose token of this audience it is; undefined where it is nobody's, or of another audience.
 * @throws {ApiError | TokenReviewError} it could not be asked, or could not say
 */
export async function reviewToken(
  client: Pick<KubernetesClient, 'request'>,
  token: string,
  audience: string,
): Promise<TokenUser | undefined> {
  if (token === '' || token.length > tokenLimit) return undefined;
  const { status = {} } = await client.request<{ status?: TokenReviewStatus }>({
    method: 'POST',
    path: path.tokenReviews,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    },
    timeoutMs: 5_000,
  });
  const { authenticated, audiences, error, user } = status;
  if (authenticated !== true && isOfTheMoment(error)) throw new TokenReviewError(error ?? '');
  if (authenticated !== true || audiences?.includes(audience) !== true || !user?.username) return undefined;
  return { ...user, username: user.username };
}

/**
 * A token is bound to its pod and checked against it; where the API server cannot read that from its store, it answers
 * like for a wrong token, with the store's error. Taken for a refusal, an outage of etcd would end sessions.
 */
const isOfTheMoment = (error: string | undefined) => error !== undefined && momentary.test(error);
const momentary =
  /etcdserver|timed? ?out|timeout|deadline|unavailable|unable to handle|too many requests|internal error|connection|context canceled|\beof\b/i;
