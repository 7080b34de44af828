import { BerthError } from '@berth/protocol';

/** There was no answer: the pod is gone, wedged, or cut off. */
export class PodUnreachableError extends BerthError {
  readonly code = 'POD_UNREACHABLE';
  readonly retryable = true;
  constructor(action: string, podIp: string, options: { cause: unknown }) {
    const why = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(`Cannot ${action}: the pod at "${podIp}" does not answer (${why}); kill the run if it stays so`, options);
  }
}

/** Somebody else answers at the pod's address. Nothing was told to it. */
export class PodIdentityError extends BerthError {
  readonly code = 'POD_IDENTITY_MISMATCH';
  readonly retryable = true; // With the address or the certificate that the pod has by then.
  constructor(podIp: string) {
    super(`Cannot call the pod at "${podIp}": it shows another certificate than it reported; look at the pod again`);
  }
}

/** The pod answered, and not with what was asked for. */
export class PodRefusedError extends BerthError {
  readonly code = 'POD_REFUSED';
  readonly retryable = false;
  readonly status: number;
  constructor(action: string, podIp: string, status: number, detail: string) {
    super(`Cannot ${action}: the pod at "${podIp}" answered ${status} (${detail}); read the session's conditions`);
    this.status = status;
  }
}
