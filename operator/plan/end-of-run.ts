import { type Action, type Plan, step } from './action.ts';
import { isConfirmedDead } from './confirmed-dead.ts';
import { recordEnd } from './end-record.ts';
import { mayBeDeleted } from './hold-pod.ts';
import type { Observed, ObservedPod } from './observed.ts';

/** How often a drain is looked at, in milliseconds; a delivery wakes it earlier. */
const drainLookMs = 250;

/**
 * Walks a run that must end, or has ended, to its end. Each step is taken only when the step before it is a fact in the
 * cluster: dead, then recorded, then told (or the drain is over), then released.
 */
export function endOfRun(observed: Observed): Plan | undefined {
  const { pod, session, nowMs } = observed;
  if (pod === undefined) return undefined;
  if (isConfirmedDead(pod)) return closeRun(observed, pod);
  const ending = session?.status.run?.uid === pod.uid ? session.status.run.ending : undefined;
  if (ending === undefined) {
    // Somebody else deleted it. The process ends within 7 s of the kubelet's SIGTERM, whatever grace they gave it.
    return pod.deletionRequested ? step('AwaitingTermination') : undefined;
  }
  if (pod.deletionRequested) {
    // A deletion by others may carry a grace; a kill does not.
    return ending.deadline === undefined && pod.deletionGraceSeconds !== 0 && mayBeDeleted(pod)
      ? step('AwaitingTermination', { type: 'DeletePod', uid: pod.uid })
      : step('AwaitingTermination');
  }
  const leftMs = ending.deadline === undefined ? 0 : Date.parse(ending.deadline) - nowMs;
  // A graceful end is asked for over the pod's own API: the kubelet cannot shorten a kill in flight.
  if (leftMs > 0 && canBeAsked(observed, pod)) {
    const ask: Action = { type: 'AskPodToStop', uid: pod.uid, withinMs: leftMs };
    return { ...step('AskingPodToStop', ask), requeueAfterMs: leftMs };
  }
  return step('KillingPod', { type: 'DeletePod', uid: pod.uid });
}

/** A pod is known by the certificate that it named in its first report; before that there is nobody to ask. */
function canBeAsked({ session }: Observed, pod: ObservedPod): boolean {
  const report = session?.status.report;
  return report?.runUid === pod.uid && report.certificateSha256 !== undefined && pod.podIp !== undefined;
}

const isBeingRemoved = (pod: ObservedPod) => pod.deletionRequested && (pod.deletionGraceSeconds ?? 0) === 0;

/** A dead run: record it, give its sinks a moment, let the object go. */
export function closeRun(observed: Observed, pod: ObservedPod): Plan | undefined {
  const { session, sessionEnd, nowMs, config } = observed;
  if (sessionEnd === undefined) return step('RecordingSessionEnd', recordEnd(pod, observed, true));
  // A sink that is down must not keep a pod: the outbox goes on without it.
  const drained = sessionEnd.settled || nowMs - sessionEnd.createdAtMs >= config.drainMs;
  if (!drained) return { ...step('DrainingSinks'), requeueAfterMs: drainLookMs };
  // Written into the status while the pod is still there: a run that the status does not know leaves no `lastEnd`.
  if (session !== undefined && session.uid === pod.sessionUid && session.status.run?.uid !== pod.uid)
    return step('NotingRun');
  // As long as a deletion by others has a grace, the object outlives its last finalizer, until the kubelet comes to it.
  const deletePod: Action[] = isBeingRemoved(pod) ? [] : [{ type: 'DeletePod', uid: pod.uid }];
  if (!pod.hasFinalizer) return isBeingRemoved(pod) ? step('AwaitingRemoval') : step('ReleasingPod', ...deletePod);
  return step('ReleasingPod', ...deletePod, { type: 'RemovePodFinalizer', uid: pod.uid });
}
