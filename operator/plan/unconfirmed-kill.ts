import { isConfirmedDead } from './confirmed-dead.ts';
import { fenceLeftMs } from './fence.ts';
import type { Observed } from './observed.ts';

/** Milliseconds from a force-kill until the kubelet should have reported the end; measured: 0.7 s to 2.9 s. */
const confirmMs = 15_000;

/** Milliseconds until a force-kill under way counts as unconfirmed, 0 or less when it does; undefined without one. */
export function unconfirmedKillLeftMs({ session, pod, nowMs }: Observed): number | undefined {
  if (session === undefined || pod === undefined || isConfirmedDead(pod)) return undefined;
  const { run } = session.status;
  if (run?.uid !== pod.uid || run.ending?.reason !== 'force_killed') return undefined;
  return Date.parse(run.ending.since) + confirmMs - nowMs;
}

/** What a person should know of a force-kill that nobody confirms, and do about it; undefined when all is well. */
export function unconfirmedKill(observed: Observed): string | undefined {
  const leftMs = unconfirmedKillLeftMs(observed);
  if (leftMs === undefined || leftMs > 0) return undefined;
  const node = observed.pod?.nodeName ?? '';
  const fenceMs = fenceLeftMs(observed);
  const what = `The kill is not confirmed: the kubelet of node "${node}" has not reported the end, so the process may live on, and no other run starts.`;
  if (fenceMs === undefined)
    return `${what} The node says that it is ready: look at its kubelet and its container runtime (kubectl describe node ${node})`;
  const left = Math.max(0, Math.ceil(fenceMs / 1000));
  return `${what} The node is lost: bring it back, or, once the machine is known to be shut down: kubectl taint node ${node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute. Otherwise the run is presumed dead in ${left} s`;
}
