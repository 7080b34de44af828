import type { EndReason } from '@berth/protocol';
import { type Plan, step } from './action.ts';
import type { Observed, ObservedPod, ObservedSession } from './observed.ts';

/** Seconds that a graceful stop may take when the spec does not say: the CRD's default. */
const defaultGracePeriodSeconds = 30;

/** Writes down that a living run shall end, and until when it may do so by itself. What follows is endOfRun's. */
export function gracefulEnd(
  { nowMs }: Observed,
  pod: ObservedPod,
  session: ObservedSession,
  reason: EndReason,
  { logout }: { readonly logout?: true } = {},
): Plan {
  const graceMs = (session.spec.termination?.gracePeriodSeconds ?? defaultGracePeriodSeconds) * 1000;
  return step('Ending', {
    type: 'MarkEnding',
    runUid: pod.uid,
    reason,
    deadlineMs: nowMs + graceMs,
    ...(logout && { logout }),
  });
}
