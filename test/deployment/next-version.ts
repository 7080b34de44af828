import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, mustRun } from '../cluster/command.ts';
import { ctrArguments } from '../cluster/containerd.ts';
import { hasKind, kindNode } from '../cluster/kind.ts';
import { clusterDir, projectDir } from '../cluster/paths.ts';
import { type DevImage, devImage } from './dev-image.ts';
import { helm } from './kubectl.ts';

/** A later version to upgrade to. */
export interface NextVersion {
  /** The packaged chart. */
  readonly chart: string;
  /** Values by which it takes its images, each as `path=json`. */
  readonly settings: readonly string[];
  /** The name by which the cluster has an image of it. */
  image(name: UpgradedImage): string;
  /** Takes the chart and the names of the images away. Nothing may run by them any more. */
  remove(): Promise<void>;
}

type UpgradedImage = Extract<DevImage, 'operator' | 'session-baileys'>;

const tag = 'next';
const images: readonly UpgradedImage[] = ['operator', 'session-baileys'];
const nameOf = (image: UpgradedImage) => `berth.dev/${image}:${tag}`;

/**
 * Makes a later version out of the tree: nothing has been released that could be the earlier one. Its images have the content
 * of those of the tree under another tag, which is all that Berth and Kubernetes look at.
 * @param version of the chart, by SemVer
 */
export async function makeNextVersion(version: string): Promise<NextVersion> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-chart-'));
  const chart = join(projectDir, 'charts', 'berth');
  const words = ['package', chart, '--version', version, '--app-version', version, '--destination', folder];
  const { status, stderr } = await helm(words);
  if (status !== 0) throw new CommandError('helm package', stderr);
  for (const image of images) await ctr('images', 'tag', '--force', devImage(image), nameOf(image));
  return {
    chart: join(folder, `berth-${version}.tgz`),
    settings: [`image.operator.tag="${tag}"`, `image.session.baileys.tag="${tag}"`],
    image: nameOf,
    async remove() {
      await ctr('images', 'remove', ...images.map(nameOf));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs ctr where the node's containerd is. */
async function ctr(...words: readonly string[]): Promise<void> {
  if (await hasKind()) await mustRun('docker', ['exec', kindNode, 'ctr', '--namespace', 'k8s.io', ...words]);
  else await mustRun('ctr', [...ctrArguments(clusterDir), ...words]);
}
