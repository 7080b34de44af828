import type { Observed, ObservedNode } from './observed.ts';

/** Whether nobody can tell what becomes of the processes on a node. */
export const isLost = ({ exists, ready }: ObservedNode): boolean => !exists || !ready;

/**
 * Milliseconds until the runs on a lost node may be presumed dead, 0 or less when they may; undefined while the node can
 * be reached. Read from the node, never from the pod, which goes on saying "running, ready".
 *
 * It counts from when this leader itself saw the node lost, or from the change of its condition where that is later: a
 * new leader may not have seen it come back in between. A change that is still to come was written by a wrong clock.
 */
export function fenceLeftMs({ node, nowMs, config }: Pick<Observed, 'node' | 'nowMs' | 'config'>): number | undefined {
  if (node === undefined || !isLost(node)) return undefined;
  // As Kubernetes itself, which takes it as said only of a node that is not ready.
  if (node.outOfService) return 0;
  const { lostSeenAtMs = nowMs, readyChangedAtMs = 0 } = node;
  const changedAtMs = readyChangedAtMs <= nowMs ? readyChangedAtMs : 0;
  return Math.max(lostSeenAtMs, changedAtMs) + config.fenceMs - nowMs;
}

/**
 * Whether a pod that must end is taken for dead without proof, because its node was lost for longer than the fence
 * timeout. Its processes may live on: the record of its end says that nobody confirmed it.
 */
export function isPresumedDead(observed: Pick<Observed, 'pod' | 'node' | 'nowMs' | 'config'>): boolean {
  const leftMs = fenceLeftMs(observed);
  return observed.pod?.deletionRequested === true && leftMs !== undefined && leftMs <= 0;
}
