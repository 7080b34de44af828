import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../cluster/command.ts';
import { clusterDir } from '../cluster/paths.ts';
import { persistentVolume } from '../cluster/volume-pool.ts';
import { applyManifest, kubectl } from './kubectl.ts';

/** A volume that is a small file system of its own, so that it can be full without harm to the machine. */
export interface SmallVolume {
  /** For `spec.storage.storageClassName`: the only volume of this class. */
  readonly storageClassName: string;
  /** Where its files are on this machine, which is the node. */
  readonly directory: string;
  /** Takes it away; its claim must be gone. */
  remove(): Promise<void>;
}

/** Megabytes: a session at rest takes less than one. */
const sizeMiB = 8;

/** Makes one in memory. It needs the bare cluster: kind's node is in a container. */
export async function createSmallVolume(name: string): Promise<SmallVolume> {
  const directory = join(clusterDir, 'volumes', name);
  await mkdir(directory, { recursive: true });
  await mustRun('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', directory]);
  const manifest = persistentVolume(clusterDir, name);
  // Without the pool's label: its keeper would remove it, and the folder, together with what is mounted there.
  await applyManifest({
    ...manifest,
    metadata: { name },
    spec: { ...manifest.spec, storageClassName: name, capacity: { storage: `${sizeMiB}Mi` } },
  });
  return {
    storageClassName: name,
    directory,
    async remove() {
      await kubectl(['delete', 'persistentvolume', name, '--wait=false']);
      await mustRun('umount', ['--lazy', directory]); // The kubelet may not have let go of it yet.
      await rm(directory, { recursive: true });
    },
  };
}
