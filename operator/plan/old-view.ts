import { type Plan, step } from './action.ts';
import type { Observed, ObservedPod, ObservedSession } from './observed.ts';

/**
 * A view of the pod that is older than the session's status, as a new leader may have: nothing follows from it, and least
 * of all may it make a run that is over the present one again. The watch brings what is so.
 */
export function oldView({ session, pod, podIsRevenant }: Observed): Plan | undefined {
  if (session === undefined || pod === undefined || pod.sessionUid !== session.uid) return undefined;
  return isOver(pod, session) && podIsRevenant !== true ? step('AwaitingNewerView') : undefined;
}

/** Whether the status says that the run of a pod of this session is closed, or knows its successor. */
export function isOver({ uid, runNumber }: ObservedPod, { status: { run, lastEnd } }: ObservedSession): boolean {
  if (run?.uid === uid || runNumber === undefined) return false;
  return runNumber <= Math.max(run?.number ?? 0, lastEnd?.number ?? 0);
}
