import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from './command.ts';
import { killShims, removeContainers, startContainerd } from './containerd.ts';
import { withExclusiveLock } from './exclusive-lock.ts';
import { removeKubeletTraces } from './kubelet.ts';
import { removeNetwork } from './network.ts';
import { clusterLock } from './paths.ts';
import { processesIn } from './processes.ts';

/** Of the cluster's folder these outlive it: the images, which take minutes to make. */
const kept = ['containerd'];

/**
 * Ends exactly what `startBareCluster` started, whatever state it is in: processes by their recorded identity,
 * containers, mounts, network. Does nothing where nothing was started.
 */
export async function stopBareCluster(dir: string): Promise<void> {
  if (existsSync(join(dir, 'pid'))) await withExclusiveLock(clusterLock, () => clearAway(dir));
}

/** The same for one who holds the cluster's lock. */
export async function clearAway(dir: string): Promise<void> {
  const processes = processesIn(dir);
  const names = await processes.names();
  // The kubelet first, because it would start again what is killed.
  await processes.stop(['kubelet'], 3000);
  // Containerd may have died before its containers; only it knows them all.
  await startContainerd(dir, processes);
  await removeContainers(dir);
  await processes.stop(
    names.filter((name) => name !== 'kubelet' && name !== 'containerd'),
    1000,
  );
  await processes.stop(['containerd'], 5000);
  await killShims(dir);
  await unmountBelow(dir);
  await removeNetwork(dir);
  await removeKubeletTraces(dir);
  for (const name of await readdir(dir)) if (!kept.includes(name)) await rm(join(dir, name), { recursive: true });
}

async function unmountBelow(dir: string): Promise<void> {
  const mounts = mountPointsBelow(dir, await readFile('/proc/self/mountinfo', 'utf8'));
  for (const mount of mounts) await mustRun('umount', ['--lazy', mount]);
}

/** Mount points below a folder, the innermost first. @see proc_pid_mountinfo(5), whose field 5 writes blanks in octal */
export function mountPointsBelow(dir: string, mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) => path.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((path) => path.startsWith(`${dir}/`))
    .toReversed();
}
