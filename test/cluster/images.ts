import { join } from 'node:path';
import { contentKey } from './content-key.ts';
import { withExclusiveLock } from './exclusive-lock.ts';
import { baseImage, ensureBaseImage } from './images/base-image.ts';
import { buildahBuilder, type ImageBuilder } from './images/image-builder.ts';
import { type ImageContents, type StagedContext, stageContext } from './images/production-context.ts';
import { hasKind, kindBuilder, publicBaseImage } from './kind.ts';
import { cacheDir, clusterDir, projectDir } from './paths.ts';
import { say, step } from './progress.ts';
import { up } from './up.ts';

const images: readonly ImageContents[] = [
  {
    image: 'operator',
    dockerfile: 'operator/Dockerfile',
    workspaces: ['operator', 'session-pod/protocol'],
    sources: ['package.json', 'operator', 'session-pod/protocol'],
  },
  {
    image: 'session-baileys',
    dockerfile: 'session-pod/Dockerfile',
    workspaces: ['session-pod', 'session-pod/protocol'],
    sources: ['package.json', 'session-pod'],
  },
  {
    image: 'test-stand-ins',
    dockerfile: 'test/Dockerfile',
    workspaces: ['test', 'session-pod/protocol'],
    // Not all of test/: who works on a test must not lose the stand-ins' accounts to a new image.
    sources: [
      'package.json',
      'test/package.json',
      'test/admin-http',
      'test/webhook-receiver',
      'test/whatsapp',
      'session-pod/protocol',
    ],
  },
];

/** Sees to it that the cluster has every image as the sources are now. Nothing is built for which nothing has changed. */
export async function ensureImages(): Promise<void> {
  const isKind = await hasKind();
  const builder = isKind ? kindBuilder : buildahBuilder(clusterDir);
  await withExclusiveLock(join(cacheDir, 'images.lock'), async () => {
    const base = isKind ? publicBaseImage : baseImage;
    const baseKey = isKind ? base : await ensureBaseImage(builder);
    let isAnyNew = false;
    for (const contents of images) {
      const context = await stageContext(contents);
      isAnyNew ||= context.hasNewPackages;
      await ensureImage(builder, contents, context, base, contentKey([context.key, baseKey]));
    }
    if (isAnyNew) await builder.prune(); // The packages that were replaced are the large part of what piles up.
  });
}

async function ensureImage(
  builder: ImageBuilder,
  contents: ImageContents,
  context: StagedContext,
  base: string,
  key: string,
): Promise<void> {
  const name = `berth.dev/${contents.image}:dev`;
  if (await builder.isLoaded(name, key)) return;
  const dockerfile = join(projectDir, contents.dockerfile);
  await step(`Building image ${name}`, '10 s', async () => {
    await builder.build({ name, dockerfile, context: context.dir, key, buildArguments: { BASE_IMAGE: base } });
    await builder.load(name, key);
  });
}

if (import.meta.main) {
  await up();
  await ensureImages();
  say('The images are in the cluster');
}
