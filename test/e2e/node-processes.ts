import { readdir, readFile } from 'node:fs/promises';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';

/** The name of a session's container in the cgroups of its node. */
export async function containerOf({ namespace }: ClusterWorld, pod: string): Promise<string> {
  const id = '--output=jsonpath={.status.containerStatuses[0].containerID}';
  const [, name = ''] = (await kubectl(['--namespace', namespace, 'get', 'pod', pod, id])).split('://');
  if (name === '') throw new Error(`Cannot tell the container of pod "${pod}": it has none yet; wait for its start`);
  return name;
}

/**
 * Pids, in ascending order and as the node has them, of all processes that live in a pod or a container. The node must be
 * this machine: of kind's, which is a container, nothing is seen.
 * @param uid of a pod, or the name of a container in the node's cgroups
 */
export async function processesOf(uid: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''); // It ended meanwhile.
      // systemd's driver writes the uid of a pod with underscores.
      return cgroups.includes(uid) || cgroups.includes(uid.replaceAll('-', '_')) ? [Number(pid)] : [];
    }),
  );
  return found.flat().toSorted((a, b) => a - b);
}
