import { type Plan, step } from './action.ts';
import { ownsClaim } from './claim-use.ts';
import { claimManifest } from './manifests.ts';
import type { Observed, ObservedPod } from './observed.ts';

/** Milliseconds from a pod's creation after which its CA is looked for, when no container runs yet. */
const trustLookMs = 5_000;

/** What a run needs and does not have, because somebody took it away or its creation failed while the pod's did not. */
export function repair(observed: Observed): Plan | undefined {
  const { session, pod, claim, nowMs } = observed;
  if (session === undefined || session.deletionRequested) return undefined; // Nothing can be put on what is being deleted.
  // The finalizer orders the end, of a run and of a claim.
  const holds = pod !== undefined || (claim !== undefined && !claim.deletionRequested);
  if (!session.hasFinalizer && holds) return step('RestoringFinalizer', { type: 'AddSessionFinalizer' });
  if (pod === undefined) return undefined;
  if (ownsClaim(session) && claim === undefined && pod.unschedulable !== undefined)
    return step('RestoringClaim', { type: 'CreateClaim', claim: claimManifest(session) });
  if (!mayWaitForTrust(pod)) return undefined;
  const inMs = pod.createdAtMs + trustLookMs - nowMs;
  return inMs > 0 ? { ...step('Settled'), requeueAfterMs: inMs } : step('RestoringTrust', { type: 'PublishTrust' });
}

/** The kubelet does not say in the pod's status which volume it waits for. */
function mayWaitForTrust({ nodeName, container }: ObservedPod): boolean {
  return nodeName !== undefined && (container.state === 'waiting' || container.state === 'absent');
}
