import { type Plan, step } from './action.ts';
import { fenceLeftMs } from './fence.ts';
import { mayBeDeleted } from './hold-pod.ts';
import type { Observed } from './observed.ts';

/**
 * A run that shall live, on a node that cannot be reached: what its pod says is of before. It is left alone for the fence
 * timeout, since the node may come back with all as it was; then it is given up.
 */
export function lostNode(observed: Observed): Plan | undefined {
  const { session, pod } = observed;
  const leftMs = fenceLeftMs(observed);
  if (session === undefined || pod === undefined || leftMs === undefined) return undefined;
  if (leftMs > 0) return { ...step('AwaitingNode'), requeueAfterMs: leftMs };
  return step(
    'GivingUpRun',
    { type: 'MarkEnding', runUid: pod.uid, reason: 'node_lost' },
    ...(mayBeDeleted(pod) ? [{ type: 'DeletePod', uid: pod.uid } as const] : []),
  );
}
