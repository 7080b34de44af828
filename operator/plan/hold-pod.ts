import { type Plan, step } from './action.ts';
import { isConfirmedDead } from './confirmed-dead.ts';
import type { Observed, ObservedPod } from './observed.ts';

/**
 * A living pod must carry the finalizer that makes its end provable; somebody took it off. Before all else: a deletion of
 * ours would take the object away at once, without a session_end, and its process would live on unseen.
 */
export function holdPod({ pod }: Observed): Plan | undefined {
  if (pod === undefined || pod.hasFinalizer || pod.deletionRequested || isConfirmedDead(pod)) return undefined;
  return step('RestoringFinalizer', { type: 'AddPodFinalizer', uid: pod.uid });
}

/**
 * Whether a deletion of ours leaves the object in place until its end is recorded. No finalizer can be put on what is
 * being deleted: then the kubelet ends the pod, and only after that the object goes.
 */
export const mayBeDeleted = ({ hasFinalizer, deletionRequested }: ObservedPod) => hasFinalizer || !deletionRequested;
