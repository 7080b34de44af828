import { type Plan, step } from './action.ts';
import { isConfirmedDead } from './confirmed-dead.ts';
import { awaitTermination, closeRun } from './end-of-run.ts';
import { isPresumedDead } from './fence.ts';
import { mayBeDeleted } from './hold-pod.ts';
import type { Observed } from './observed.ts';

/**
 * A pod of ours whose session is gone or has another uid (orphaned, or recreated under the same name), or whose run the
 * status says is over (made late by a leader that slept, or from somebody's backup): it is killed,
 * proved dead, recorded from its annotations and released like any other, before anything is done for the session.
 */
export function foreignPod(observed: Observed): Plan | undefined {
  const { pod, session, podIsRevenant } = observed;
  if (pod === undefined || (pod.sessionUid === session?.uid && podIsRevenant !== true)) return undefined;
  if (isConfirmedDead(pod) || isPresumedDead(observed)) return closeRun(observed, pod);
  if (!mayBeDeleted(pod) || (pod.deletionRequested && pod.deletionGraceSeconds === 0))
    return awaitTermination(observed);
  return step('KillingForeignPod', { type: 'DeletePod', uid: pod.uid });
}
