import type { ObservedPod } from './observed.ts';

/**
 * Whether it is proved that no process of the pod is left, so that a successor may use its volume.
 * The kubelet reports a container as terminated only after the process is gone (measured: 0.2 s to 0.5 s after), and a pod
 * being deleted that has no node is never bound any more. A pod that has a node is never "not started": a process was
 * seen alive while its container still was reported as waiting.
 */
export function isConfirmedDead(pod: ObservedPod): boolean {
  if (pod.container.state === 'terminated') return true;
  if (pod.deletionRequested && pod.nodeName === undefined) return true;
  // Refused by the kubelet at admission: it never ran. The pod garbage collector also writes Failed, without knowing
  // whether the process lives, but marks the pod as disrupted.
  return pod.phase === 'Failed' && pod.container.state === 'absent' && !pod.disrupted;
}
