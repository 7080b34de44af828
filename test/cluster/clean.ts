import { rm } from 'node:fs/promises';
import { down } from './down.ts';
import { cacheDir, clusterDir } from './paths.ts';

/** Ends the cluster and removes all that was built for it. Go's and npm's own caches stay. */
if (import.meta.main) {
  await down();
  for (const dir of [clusterDir, cacheDir]) await rm(dir, { recursive: true, force: true });
}
