import { copyFile, link, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { contentKey } from '../content-key.ts';
import { cacheDir, projectDir } from '../paths.ts';
import { step } from '../progress.ts';
import { type Browser, ensureBrowserLayer } from './browser-layer.ts';
import { ensureDebianRootfs } from './debian-rootfs.ts';
import type { ImageBuilder } from './image-builder.ts';

/** An image that others stand on. */
export interface BaseImage {
  readonly name: string;
  /** Changes when its content does. */
  readonly key: string;
}

/** The image that others stand on where there is no registry: Debian, tini and the Node of `node_modules`. */
export async function ensureBaseImage(builder: ImageBuilder): Promise<BaseImage> {
  const rootfs = await ensureDebianRootfs();
  const node = join(projectDir, 'node_modules', 'node', 'bin', 'node');
  return ensure(builder, {
    folder: 'base',
    key: [basename(rootfs), process.version],
    said: 'Building the base image',
    usually: '15 s',
    fill: async (context) => {
      await link(rootfs, join(context, 'rootfs.tar'));
      await copyFile(node, join(context, 'node'));
    },
  });
}

/** The base image with a browser: as one more layer, so that a node has Debian and Node once for all engines. */
export async function ensureBrowserBaseImage(
  builder: ImageBuilder,
  base: BaseImage,
  browser: Browser,
): Promise<BaseImage> {
  const layer = await ensureBrowserLayer(await ensureDebianRootfs(), browser);
  return ensure(builder, {
    folder: 'base-browser',
    key: [base.key, basename(layer)],
    said: `Building the base image with ${browser}`,
    usually: '35 s',
    fill: (context) => link(layer, join(context, 'browser.tar')),
  });
}

/** One base image: the folder with its Dockerfile, what its key is made of beside that, and what its context holds. */
interface BaseImageSource {
  readonly folder: string;
  readonly key: readonly string[];
  readonly said: string;
  readonly usually: string;
  readonly fill: (context: string) => Promise<void>;
}

async function ensure(
  builder: ImageBuilder,
  { folder, key: parts, said, usually, fill }: BaseImageSource,
): Promise<BaseImage> {
  const name = `berth.dev/${folder}:dev`;
  const dockerfile = join(import.meta.dirname, folder, 'Dockerfile');
  const key = contentKey([...parts, await readFile(dockerfile)]);
  if (await builder.isLoaded(name, key)) return { name, key };
  const context = join(cacheDir, 'contexts', folder);
  await rm(context, { recursive: true, force: true });
  await mkdir(context, { recursive: true });
  await fill(context);
  await step(said, usually, async () => {
    await builder.build({ name, dockerfile, context, key });
    await builder.load(name, key);
  });
  await rm(context, { recursive: true, force: true });
  return { name, key };
}
