import type { TestProject } from 'vitest/node';
import { ensureImages } from '../cluster/images.ts';
import { up } from '../cluster/up.ts';
import { madeHereLabel } from '../deployment/cluster-world.ts';
import { installBerth } from '../deployment/install-berth.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { deployStandIns, type StandInAddresses } from '../deployment/stand-ins.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the stand-ins are that all end-to-end tests share. */
    standIns: StandInAddresses;
  }
}

/** Names the namespaces of these tests. */
export const prefix = 'berth-e2e';

/** Brings the cluster, the images, the stand-ins and Berth to what the tree is now. All of it stays: the next run is faster. */
export default async function setup(project: TestProject): Promise<() => void> {
  await up();
  await ensureImages();
  const deployed = await deployStandIns();
  await installBerth(deployed.addresses);
  // What a run that was interrupted has left; only with the operator there it can go.
  await kubectl(['delete', 'namespaces', '--selector', `${madeHereLabel}=${prefix}`, '--wait=false']);
  project.provide('standIns', deployed.addresses);
  return () => deployed.close();
}
