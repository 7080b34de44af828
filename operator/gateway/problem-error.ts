import { BerthError } from '@berth/protocol';

/** What can be wrong with a request, by its code in the problem (RFC 9457) that answers it. */
const statusOf = {
  REQUEST_INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  CONFLICT: 409,
  BODY_TOO_LARGE: 413,
  BODY_OF_WRONG_TYPE: 415,
  SPEC_INVALID: 422,
  TOO_MANY: 429,
  INTERNAL: 500,
  POD_UNREACHABLE: 502,
  UNAVAILABLE: 503,
} as const;

const titleOf: Readonly<Record<ProblemCode, string>> = {
  REQUEST_INVALID: 'The request is invalid',
  UNAUTHENTICATED: 'Unknown token',
  FORBIDDEN: 'Not allowed',
  NOT_FOUND: 'Not found',
  METHOD_NOT_ALLOWED: 'Method not allowed',
  NOT_ACCEPTABLE: 'No such form of the answer',
  CONFLICT: 'Not in this state',
  BODY_TOO_LARGE: 'The body is too large',
  BODY_OF_WRONG_TYPE: 'The body is of a wrong type',
  SPEC_INVALID: 'The session is invalid',
  TOO_MANY: 'Too many at once',
  INTERNAL: 'Internal error',
  POD_UNREACHABLE: 'The pod does not answer',
  UNAVAILABLE: 'Unavailable',
};

export type ProblemCode = keyof typeof statusOf;
export const problemCodes = Object.keys(statusOf) as readonly ProblemCode[];

/** Answers a request with a problem. Its message is the problem's detail: what is so, and what to do. */
export class ProblemError extends BerthError {
  readonly code:
    | 'REQUEST_INVALID'
    | 'UNAUTHENTICATED'
    | 'FORBIDDEN'
    | 'NOT_FOUND'
    | 'METHOD_NOT_ALLOWED'
    | 'NOT_ACCEPTABLE'
    | 'CONFLICT'
    | 'BODY_TOO_LARGE'
    | 'BODY_OF_WRONG_TYPE'
    | 'SPEC_INVALID'
    | 'TOO_MANY'
    | 'INTERNAL'
    | 'POD_UNREACHABLE'
    | 'UNAVAILABLE';
  readonly retryable: boolean;
  /** HTTP status. */
  readonly status: number;
  readonly title: string;
  /** Seconds after which trying again may help. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, detail: string, options: ErrorOptions & { readonly retryAfterSeconds?: number } = {}) {
    super(detail, options);
    this.code = code;
    this.status = statusOf[code];
    this.title = titleOf[code];
    this.retryable = code === 'TOO_MANY' || this.status >= 500;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Statuses that have a problem of ours. */
export const statusOfProblem = (code: ProblemCode): number => statusOf[code];
