import { type Action, type Plan, step } from './action.ts';
import { ownsClaim } from './claim-use.ts';
import { isConfirmedDead } from './confirmed-dead.ts';
import { recordEnd } from './end-record.ts';
import { fenceLeftMs, isPresumedDead } from './fence.ts';
import { mayBeDeleted } from './hold-pod.ts';
import type { Observed, ObservedPod } from './observed.ts';
import { unconfirmedKillLeftMs } from './unconfirmed-kill.ts';

/** How often a drain is looked at, in milliseconds; a delivery wakes it earlier. */
const drainLookMs = 250;

/**
 * Walks a run that must end, or has ended, to its end. Each step is taken only when the step before it is a fact in the
 * cluster: dead (proved, or presumed of a lost node), then recorded, then told (or the drain is over), then released.
 */
export function endOfRun(observed: Observed): Plan | undefined {
  const { pod, session, nowMs } = observed;
  if (pod === undefined) return undefined;
  if (isConfirmedDead(pod) || isPresumedDead(observed)) return closeRun(observed, pod);
  const ending = session?.status.run?.uid === pod.uid ? session.status.run.ending : undefined;
  if (ending === undefined) {
    // Somebody else deleted it. The process ends within 7 s of the kubelet's SIGTERM, whatever grace they gave it.
    return pod.deletionRequested ? awaitTermination(observed) : undefined;
  }
  if (pod.deletionRequested) {
    // A deletion by others may carry a grace; a kill does not.
    return ending.deadline === undefined && pod.deletionGraceSeconds !== 0 && mayBeDeleted(pod)
      ? awaitTermination(observed, { type: 'DeletePod', uid: pod.uid })
      : awaitTermination(observed);
  }
  const leftMs = ending.deadline === undefined ? 0 : Date.parse(ending.deadline) - nowMs;
  // A graceful end is asked for over the pod's own API: the kubelet cannot shorten a kill in flight.
  if (leftMs > 0 && canBeAsked(observed, pod)) {
    const stop: Action = { type: 'AskPodToStop', uid: pod.uid, withinMs: leftMs };
    const ask: Action = ending.logout === true || losesCredentials(observed) ? { ...stop, logout: true } : stop;
    return { ...step('AskingPodToStop', ask), requeueAfterMs: leftMs };
  }
  return step('KillingPod', { type: 'DeletePod', uid: pod.uid });
}

/** A pod is known by the certificate that it named in its first report; before that there is nobody to ask. */
function canBeAsked({ session }: Observed, pod: ObservedPod): boolean {
  const report = session?.status.report;
  return report?.runUid === pod.uid && report.certificateSha256 !== undefined && pod.podIp !== undefined;
}

/** Whether the session's credentials go with it: its device would stay on the phone for ever, linked to nothing. */
function losesCredentials({ session, claimIsShared }: Observed): boolean {
  if (session?.deletionRequested !== true || session.status.run?.ending?.reason !== 'deleted') return false;
  return (
    ownsClaim(session) && !claimIsShared && (session.spec.storage?.retention?.whenDeleted ?? 'Delete') === 'Delete'
  );
}

const isBeingRemoved = (pod: ObservedPod) => pod.deletionRequested && (pod.deletionGraceSeconds ?? 0) === 0;

/** Nothing more can be done until the kubelet reports the end, or, on a lost node, until the fence timeout is over. */
export function awaitTermination(observed: Observed, ...actions: readonly Action[]): Plan {
  const fenceMs = fenceLeftMs(observed);
  const waitsMs = [fenceMs, unconfirmedKillLeftMs(observed)].filter((waitMs) => waitMs !== undefined && waitMs > 0);
  return {
    ...step(fenceMs === undefined ? 'AwaitingTermination' : 'AwaitingFence', ...actions),
    ...(waitsMs.length === 0 ? {} : { requeueAfterMs: Math.min(...(waitsMs as number[])) }),
  };
}

/** A dead run: record it, give its sinks a moment, let the object go. */
export function closeRun(observed: Observed, pod: ObservedPod): Plan | undefined {
  const { session, sessionEnd, nowMs, config } = observed;
  if (sessionEnd === undefined) return step('RecordingSessionEnd', recordEnd(pod, observed, isConfirmedDead(pod)));
  // A sink that is down must not keep a pod: the outbox goes on without it.
  const drained = sessionEnd.settled || nowMs - sessionEnd.createdAtMs >= config.drainMs;
  if (!drained) return { ...step('DrainingSinks'), requeueAfterMs: drainLookMs };
  // Written into the status while the pod is still there: a run that the status does not know leaves no `lastEnd`.
  if (
    session !== undefined &&
    session.uid === pod.sessionUid &&
    session.status.run?.uid !== pod.uid &&
    !observed.podIsRevenant
  )
    return step('NotingRun');
  // As long as a deletion by others has a grace, the object outlives its last finalizer, until the kubelet comes to it.
  const deletePod: Action[] = isBeingRemoved(pod) ? [] : [{ type: 'DeletePod', uid: pod.uid }];
  if (!pod.hasFinalizer) return isBeingRemoved(pod) ? step('AwaitingRemoval') : step('ReleasingPod', ...deletePod);
  return step('ReleasingPod', ...deletePod, { type: 'RemovePodFinalizer', uid: pod.uid });
}
