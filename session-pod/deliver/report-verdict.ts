import { reportStatus } from '@berth/protocol';

export type ReportVerdict =
  | { readonly type: 'delivered' }
  /** The operator ended this run: exit. */
  | { readonly type: 'over'; readonly message: string }
  | { readonly type: 'retry'; readonly inMs: number };

const baseMs = 1_000;
const maxMs = 30_000;
/** A refused report is one for another version of the operator: it heals when the upgrade is over. */
const refusedBaseMs = 5_000;
const refusedMaxMs = 60_000;
/** The token of a deleted pod is refused; so is one that the kubelet is about to replace, and that one heals by itself. */
const tokenRetryMs = 10_000;

/**
 * Says what an answer of the operator means.
 * @param status undefined when there was no answer at all
 * @param failures sendings in a row before this one that came to nothing
 * @param refusals 401s in a row before this one
 * @param random from 0 to 1, the jitter of the retry
 */
export function reportVerdict(
  status: number | undefined,
  failures: number,
  refusals: number,
  random: number,
): ReportVerdict {
  switch (status) {
    case reportStatus.accepted:
      return { type: 'delivered' };
    case reportStatus.gone:
      return { type: 'over', message: 'The operator said that this run is over (410)' };
    case reportStatus.forbidden:
      return { type: 'over', message: 'The operator said that this token belongs to another pod (403)' };
    case reportStatus.unauthenticated:
      if (refusals > 0)
        return { type: 'over', message: 'The operator did not know the token of this pod, twice (401)' };
      return { type: 'retry', inMs: tokenRetryMs };
    case reportStatus.badRequest:
      return { type: 'retry', inMs: backoff(refusedBaseMs, refusedMaxMs, failures, random) };
    case undefined:
    default:
      return { type: 'retry', inMs: backoff(baseMs, maxMs, failures, random) };
  }
}

/** Doubled with each failure up to the maximum; the upper half of it is jitter. */
function backoff(firstMs: number, atMostMs: number, failures: number, random: number): number {
  const fullMs = Math.min(atMostMs, firstMs * 2 ** Math.min(failures, 10));
  return Math.round(fullMs / 2 + (fullMs / 2) * random);
}
