import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { withExclusiveLock } from '../cluster/exclusive-lock.ts';
import { ensureImages } from '../cluster/images.ts';
import { cacheDir } from '../cluster/paths.ts';
import { up } from '../cluster/up.ts';
import { removeLeftovers } from '../deployment/cluster-world.ts';
import { installBerth } from '../deployment/install-berth.ts';
import { deployStandIns, type StandInAddresses } from '../deployment/stand-ins.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the stand-ins are that all end-to-end tests share. */
    standIns: StandInAddresses;
  }
}

/** Names the namespaces of these tests. */
export const prefix = 'berth-e2e';

/**
 * Brings the cluster, the images, the stand-ins and Berth to what the tree is now. All of it stays: the next run is faster.
 * Another run on this machine waits: these tests take Berth and its image away in between.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  // Two projects have this setup, and it is done for both by the first of them that runs.
  if (project.getProvidedContext().standIns !== undefined) return undefined;
  const letGo = await hold(join(cacheDir, 'e2e.lock'));
  await up();
  await ensureImages();
  const deployed = await deployStandIns();
  await installBerth(deployed.addresses);
  await removeLeftovers(prefix);
  project.vitest.provide('standIns', deployed.addresses);
  return async () => {
    deployed.close();
    await letGo();
  };
}

/** Takes a lock, and gives the way to let it go. */
function hold(file: string): Promise<() => Promise<void>> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  return new Promise((resolve, reject) => {
    const held = withExclusiveLock(file, () => {
      resolve(() => {
        end();
        return held;
      });
      return over;
    });
    held.catch(reject);
  });
}
