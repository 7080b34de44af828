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
import { projectVersion } from './project-version.ts';
import { up } from './up.ts';

/** Sees to it that the cluster has every image as the sources are now. Nothing is built for which nothing has changed. */
export async function ensureImages(): Promise<void> {
  const isKind = await hasKind();
  await buildImages(isKind ? kindBuilder : buildahBuilder(clusterDir), imageContents, {
    tag: 'dev',
    labels: { [versionLabel]: await projectVersion() },
  });
}

/** An image that there is now. */
export interface BuiltImage {
  readonly image: string;
  /** Its full name with tag. */
  readonly name: string;
  /** Changes when its content does. */
  readonly key: string;
}

/** What images are called, and what they say of themselves beside what their Dockerfiles say. */
interface Naming {
  readonly tag: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Which version of the project an image is of. */
export const versionLabel = 'org.opencontainers.image.version';

/** Builds what has changed of the images, and hands it to the builder's cluster. */
export async function buildImages(
  builder: ImageBuilder,
  wanted: readonly ImageContents[],
  naming: Naming,
): Promise<BuiltImage[]> {
  return withExclusiveLock(join(cacheDir, 'images.lock'), async () => {
    const bases = builder === kindBuilder ? publicBases : await ensureBases(builder);
    const built: BuiltImage[] = [];
    let isAnyNew = false;
    for (const contents of wanted) {
      const context = await stageContext(contents);
      isAnyNew ||= context.hasNewPackages;
      built.push(
        await ensureImage(builder, contents, context, bases[contents.hasBrowser ? 'browser' : 'plain'], naming),
      );
    }
    if (isAnyNew) await builder.prune(); // The packages that were replaced are the large part of what piles up.
    return built;
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
  { tag, labels }: Naming,
): Promise<BuiltImage> {
  const name = `berth.dev/${image}:${tag}`;
  const buildArguments = { BASE_IMAGE: base.name, ...(hasBrowser ? { BROWSER: browserToBuild() } : {}) };
  const key = contentKey([context.key, base.key, ...Object.values(buildArguments), JSON.stringify(labels)]);
  const built = { image, name, key };
  if (await builder.isLoaded(name, key)) return built;
  await step(`Building image ${name}`, hasBrowser ? '40 s' : '10 s', async () => {
    await builder.build({
      name,
      dockerfile: join(projectDir, dockerfile),
      context: context.dir,
      key,
      buildArguments,
      labels,
    });
    await builder.load(name, key);
  });
  return built;
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
