import { copyFile, link, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { contentKey } from '../content-key.ts';
import { cacheDir, projectDir } from '../paths.ts';
import { step } from '../progress.ts';
import { ensureDebianRootfs } from './debian-rootfs.ts';
import type { ImageBuilder } from './image-builder.ts';

/** The image that others stand on where there is no registry: Debian, tini and the Node of `node_modules`. */
export const baseImage = 'berth.dev/base:dev';

/** Sees to it that the base image is built and loaded, and gives its key. */
export async function ensureBaseImage(builder: ImageBuilder): Promise<string> {
  const rootfs = await ensureDebianRootfs();
  const source = join(import.meta.dirname, 'base');
  const dockerfile = join(source, 'Dockerfile');
  const key = contentKey([basename(rootfs), process.version, await readFile(dockerfile)]);
  if (await builder.isLoaded(baseImage, key)) return key;
  const context = join(cacheDir, 'contexts', 'base');
  await rm(context, { recursive: true, force: true });
  await mkdir(context, { recursive: true });
  await link(rootfs, join(context, 'rootfs.tar'));
  await copyFile(join(projectDir, 'node_modules', 'node', 'bin', 'node'), join(context, 'node'));
  await step('Building the base image', '15 s', async () => {
    await builder.build({ name: baseImage, dockerfile, context, key });
    await builder.load(baseImage, key);
  });
  await rm(context, { recursive: true, force: true });
  return key;
}
