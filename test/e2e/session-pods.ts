import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { LastWords } from '@berth/protocol';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import type { Pod } from '../integration/session-world.ts';

/** Evicts a pod, as `kubectl drain` does with each of a node. */
export async function evict({ client, namespace }: ClusterWorld, pod: string): Promise<void> {
  await client.request({
    method: 'POST',
    path: `${path.pod(namespace, pod)}/eviction`,
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } },
  });
}

/** Deletes a pod as somebody in a hurry does. Nothing is waited for. */
export async function deleteByForce({ namespace }: ClusterWorld, pod: string): Promise<void> {
  const force = ['--grace-period=0', '--force', '--wait=false'];
  await kubectl(['--namespace', namespace, 'delete', 'pod', pod, ...force]);
}

/** Gives a pod these finalizers and no others. To take all off one that is gone already is fine. */
export async function setFinalizers({ client, namespace }: ClusterWorld, pod: string, finalizers: readonly string[]) {
  const request = { method: 'PATCH', path: path.pod(namespace, pod), contentType: mergePatch } as const;
  await client.request({ ...request, body: { metadata: { finalizers } } }).catch((error: unknown) => {
    if (finalizers.length > 0 || !isNotFound(error)) throw error;
  });
}

/** What the process in a pod said last, as the kubelet copied it into the pod's status; undefined as long as it lives. */
export function lastWords({ status }: Pod): LastWords | undefined {
  const [container] = status?.containerStatuses ?? [];
  const { terminated }: { terminated?: { message?: string } } = container?.state ?? {};
  return terminated?.message === undefined ? undefined : (JSON.parse(terminated.message) as LastWords);
}
