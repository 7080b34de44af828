import type { ObservedPod } from './observed.ts';

/** Reasons of a waiting container that are no obstacle, only a step. */
const passing = ['ContainerCreating', 'PodInitializing'];

/** What keeps a pod from starting, from its own state; undefined when nothing does as far as it shows. */
export function startBlockedBy({ container, unschedulable }: ObservedPod): string | undefined {
  if (unschedulable !== undefined) return `No node can take the pod: ${unschedulable}`;
  if (container.state !== 'waiting' || passing.includes(container.reason)) return undefined;
  return `The container cannot start (${container.reason}): ${container.message || 'the kubelet gives no message'}`;
}
