import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isOnPath, mustRun, run } from './command.ts';
import type { ImageBuilder } from './images/image-builder.ts';
import { kubeconfigPath } from './paths.ts';
import { step } from './progress.ts';

const name = 'berth-dev';
/** The container that is the cluster's one node. */
export const kindNode = `${name}-control-plane`;

/** Whether Docker answers and kind is installed; then it is used instead of the bare cluster. */
export async function hasKind(): Promise<boolean> {
  if (!(await isOnPath('kind')) || !(await isOnPath('docker'))) return false;
  return (await run('docker', ['info'])).status === 0;
}

/** Whether our cluster is among those that kind runs. */
export async function isKindClusterUp(): Promise<boolean> {
  return (await mustRun('kind', ['get', 'clusters'])).split('\n').includes(name);
}

/** Makes the kind cluster unless there is one, and writes its kubeconfig where the bare cluster's would be. */
export async function startKindCluster(): Promise<void> {
  await mkdir(dirname(kubeconfigPath), { recursive: true });
  if (!(await isKindClusterUp()))
    await step('Starting the kind cluster', '1 min', () =>
      mustRun('kind', ['create', 'cluster', '--name', name, '--wait', '2m', '--kubeconfig', kubeconfigPath], {
        timeoutMs: 600_000,
      }),
    );
  await mustRun('kind', ['export', 'kubeconfig', '--name', name, '--kubeconfig', kubeconfigPath]);
}

/** Removes the kind cluster and all that is in it. */
export async function stopKindCluster(): Promise<void> {
  await mustRun('kind', ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfigPath], { timeoutMs: 120_000 });
}

/** What images stand on where Docker can pull. */
export const publicBaseImage = 'node:26-bookworm-slim';

/** Builds with Docker and loads into the kind cluster. */
export const kindBuilder: ImageBuilder = {
  isLoaded: async () => false, // Docker's own cache makes a second build quick, and loading skips what the node has.
  async build({ name: image, dockerfile, context, buildArguments = {} }) {
    const settings = Object.entries(buildArguments).flatMap(([argument, value]) => [
      '--build-arg',
      `${argument}=${value}`,
    ]);
    await mustRun('docker', ['build', ...settings, '--tag', image, '--file', dockerfile, context], {
      timeoutMs: 1_200_000,
    });
  },
  async load(image) {
    await mustRun('kind', ['load', 'docker-image', image, '--name', name], { timeoutMs: 300_000 });
  },
  prune: async () => undefined, // Docker's cache is its owner's.
};
