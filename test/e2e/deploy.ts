import type { TestProject } from 'vitest/node';
import { ensureImages } from '../cluster/images.ts';
import { up } from '../cluster/up.ts';
import { installBerth } from '../deployment/install-berth.ts';
import { deployStandIns, type StandInAddresses } from '../deployment/stand-ins.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the stand-ins are that all end-to-end tests share. */
    standIns: StandInAddresses;
  }
}

/** Brings the cluster, the images, the stand-ins and Berth to what the tree is now. All of it stays: the next run is faster. */
export default async function setup(project: TestProject): Promise<() => void> {
  await up();
  await ensureImages();
  const deployed = await deployStandIns();
  await installBerth(deployed.addresses);
  project.provide('standIns', deployed.addresses);
  return () => deployed.close();
}
