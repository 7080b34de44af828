import { homedir } from 'node:os';
import { join } from 'node:path';

/** The root of the project's tree. */
export const projectDir = join(import.meta.dirname, '..', '..');

/** Where things that are costly to make are kept between runs and shared by clones: binaries, images, staged packages. */
export const cacheDir =
  process.env['BERTH_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'berth');

/** The state of the development cluster. All that it writes, but for its images, goes with `make down`. */
export const clusterDir = process.env['BERTH_DEV_DIR'] ?? '/var/lib/berth-dev';

/** The admin's kubeconfig of the development cluster, of either kind. */
export const kubeconfigPath = join(clusterDir, 'kubeconfig');

/** Held by whoever starts or stops the development cluster. */
export const clusterLock = join(cacheDir, 'cluster.lock');
