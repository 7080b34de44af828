import { BerthError } from '@berth/protocol';

/** Longest part of the API server's own words that an error repeats, in characters. */
const messageLimit = 500;

/** What is known of a request that failed. */
export interface ApiFailure {
  readonly method: string;
  /** Without its query, which may hold a continue token. */
  readonly path: string;
  /** HTTP status, or 0 when there was no answer. */
  readonly status: number;
  /** Kubernetes' reason word, for instance `AlreadyExists`. */
  readonly reason: string;
  /** The API server's own words, or the network's. */
  readonly message: string;
  /** Reasons in `details.causes` of the Status. */
  readonly causes?: readonly string[];
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The API server refused a request (`status` > 0) or could not be reached (`status` 0: the outcome of a write is unknown). */
export class ApiError extends BerthError {
  readonly code = 'KUBERNETES_API_ERROR';
  readonly retryable: boolean;
  readonly status: number;
  readonly reason: string;
  readonly method: string;
  readonly path: string;
  readonly causes: readonly string[];
  /** What the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: ApiFailure) {
    const said = bounded(failure.message);
    super(
      `Cannot ${failure.method} "${failure.path}": ${whatIsSo(failure, said)}; ${whatToDo(failure)}`,
      failure.cause === undefined ? undefined : { cause: failure.cause },
    );
    this.status = failure.status;
    this.reason = failure.reason;
    this.method = failure.method;
    this.path = failure.path;
    this.causes = failure.causes ?? [];
    this.retryAfterMs = failure.retryAfterMs;
    this.retryable = failure.status === 0 || failure.status === 429 || failure.status >= 500;
  }
}

/**
 * Makes an error of a Kubernetes `Status` object, as it comes in the body of a refusal or in the ERROR event of a watch.
 * Anything else (a proxy's page) is taken as text.
 */
export function apiErrorFromStatus(
  request: { readonly method: string; readonly path: string },
  answer: { readonly status: number; readonly body: unknown; readonly retryAfterMs?: number },
): ApiError {
  const status = (isRecord(answer.body) ? answer.body : {}) as StatusBody;
  const { retryAfterSeconds } = status.details ?? {};
  const retryAfterMs = answer.retryAfterMs ?? (retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000);
  const message = status.message ?? (typeof answer.body === 'string' ? answer.body.trim() : '');
  return new ApiError({
    ...request,
    status: answer.status,
    reason: status.reason ?? '',
    message,
    causes: (status.details?.causes ?? []).flatMap((cause) => cause.reason ?? []),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string }[];
  };
}

export const isNotFound = (error: unknown) => hasStatus(error, 404);
/** The resourceVersion or uid of a precondition is no longer so: look again. */
export const isConflict = (error: unknown) => hasStatus(error, 409) && error.reason !== 'AlreadyExists';
export const isAlreadyExists = (error: unknown) => hasStatus(error, 409) && error.reason === 'AlreadyExists';
/** The resourceVersion or continue token is too old to go on from: list again. */
export const isGone = (error: unknown) => hasStatus(error, 410);
export const isForbidden = (error: unknown) => hasStatus(error, 403);
/** Nothing can be created in this namespace any more. */
export const isNamespaceTerminating = (error: unknown) =>
  hasStatus(error, 403) && error.causes.includes('NamespaceTerminating');
/** There was no answer: nothing is known of what became of the request. */
export const isUnreachable = (error: unknown) => hasStatus(error, 0);

function hasStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function bounded(text: string): string {
  return text.length <= messageLimit ? text : `${text.slice(0, messageLimit - 1)}…`;
}

function whatIsSo({ status, reason }: ApiFailure, said: string): string {
  if (status === 0) return `the API server did not answer (${said})`;
  const words = [`the API server answered ${status}`, reason].filter(Boolean).join(' ');
  return said === '' ? words : `${words}, "${said}"`;
}

function whatToDo({ method, status, causes = [], reason }: ApiFailure): string {
  if (status === 0 && method === 'GET') return 'check the network and that the API server runs';
  if (status === 0) return 'check the network, that the API server runs, and that no admission webhook hangs';
  if (status === 401) return 'check the token or client certificate that is used';
  if (status === 403 && causes.includes('NamespaceTerminating')) return 'wait until the namespace is gone';
  if (status === 403) return 'grant this request by RBAC, or lift the quota or policy that the answer names';
  if (status === 404) return 'check that it still exists, and that the CRDs are installed';
  if (status === 409 && reason === 'AlreadyExists') return 'read the object that is there';
  if (status === 409) return 'read the object again and decide anew';
  if (status === 410) return 'list again';
  if (status === 429 || status >= 500) return "try again later, and look at the API server's log if it lasts";
  return 'correct what the answer names';
}
