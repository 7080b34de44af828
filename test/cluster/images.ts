import { join } from 'node:path';
import { BerthError } from '@berth/protocol';
import { contentKey } from './content-key.ts';
import { withExclusiveLock } from './exclusive-lock.ts';
import { type BaseImage, ensureBaseImage, ensureBrowserBaseImage } from './images/base-image.ts';
import { type Browser, browsers } from './images/browser-layer.ts';
import { buildahBuilder, type ImageBuilder } from './images/image-builder.ts';
import { type ImageContents, imageContents } from './images/image-contents.ts';
import { type StagedContext, stageContext } from './images/production-context.ts';
import { hasKind, kindBuilder, publicBaseImage } from './kind.ts';
import { cacheDir, clusterDir, projectDir } from './paths.ts';
import { say, step } from './progress.ts';
import { up } from './up.ts';

/** Sees to it that the cluster has every image as the sources are now. Nothing is built for which nothing has changed. */
export async function ensureImages(): Promise<void> {
  const isKind = await hasKind();
  const builder = isKind ? kindBuilder : buildahBuilder(clusterDir);
  await withExclusiveLock(join(cacheDir, 'images.lock'), async () => {
    const bases = isKind ? publicBases : await ensureBases(builder);
    let isAnyNew = false;
    for (const contents of imageContents) {
      const context = await stageContext(contents);
      isAnyNew ||= context.hasNewPackages;
      await ensureImage(builder, contents, context, bases[contents.hasBrowser ? 'browser' : 'plain']);
    }
    if (isAnyNew) await builder.prune(); // The packages that were replaced are the large part of what piles up.
  });
}

/** What images stand on, and how the browser comes in. */
type Bases = Readonly<Record<'plain' | 'browser', BaseImage>>;

/** Where Docker can pull: the image's own Dockerfile then installs the browser. */
const publicBases: Bases = {
  plain: { name: publicBaseImage, key: publicBaseImage },
  browser: { name: publicBaseImage, key: publicBaseImage },
};

async function ensureBases(builder: ImageBuilder): Promise<Bases> {
  const plain = await ensureBaseImage(builder);
  return { plain, browser: await ensureBrowserBaseImage(builder, plain, browserToBuild()) };
}

async function ensureImage(
  builder: ImageBuilder,
  { image, dockerfile, hasBrowser = false }: ImageContents,
  context: StagedContext,
  base: BaseImage,
): Promise<void> {
  const name = `berth.dev/${image}:dev`;
  const buildArguments = { BASE_IMAGE: base.name, ...(hasBrowser ? { BROWSER: browserToBuild() } : {}) };
  const key = contentKey([context.key, base.key, ...Object.values(buildArguments)]);
  if (await builder.isLoaded(name, key)) return;
  await step(`Building image ${name}`, hasBrowser ? '40 s' : '10 s', async () => {
    await builder.build({ name, dockerfile: join(projectDir, dockerfile), context: context.dir, key, buildArguments });
    await builder.load(name, key);
  });
}

/** A choice of the environment that cannot be built. */
class UnknownBrowserError extends BerthError {
  readonly code = 'BROWSER_UNKNOWN';
  readonly retryable = false;
}

/** From BROWSER: what sessions with a browser get; the headless shell unless told. */
function browserToBuild(): Browser {
  const wanted = process.env['BROWSER'] || browsers[0]; // Make exports an empty one when none is given.
  const browser = browsers.find((each) => each === wanted);
  if (browser === undefined)
    throw new UnknownBrowserError(`Cannot build for the browser "${wanted}"; set BROWSER to ${browsers.join(' or ')}`);
  return browser;
}

if (import.meta.main) {
  await up();
  await ensureImages();
  say('The images are in the cluster');
}
