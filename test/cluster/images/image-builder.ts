import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, mustRun, run } from '../command.ts';
import { ctrArguments } from '../containerd.ts';
import { cacheDir } from '../paths.ts';

/** What an image is built from. */
export interface ImageSource {
  /** Its full name with tag. */
  readonly name: string;
  readonly dockerfile: string;
  readonly context: string;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Changes when any input does. */
  readonly key: string;
}

/** Builds images and hands them to a cluster. */
export interface ImageBuilder {
  /** Whether the cluster has the image as it would be built now. */
  isLoaded(name: string, key: string): Promise<boolean>;
  /** Builds it, from cached layers where they are unchanged. */
  build(source: ImageSource): Promise<void>;
  /** Brings an image that was built into the cluster, and drops what it has replaced there. */
  load(name: string, key: string): Promise<void>;
  /** Drops cached layers that no image has any more. */
  prune(): Promise<void>;
}

const inputsLabel = 'berth.dev/inputs';
const buildah = (...words: string[]) => [
  '--root',
  join(cacheDir, 'buildah', 'storage'),
  '--runroot',
  join(cacheDir, 'buildah', 'run'),
  ...words,
];

/** Builds with buildah, which needs no daemon, and loads into the containerd of the bare cluster in this folder. */
export function buildahBuilder(dir: string): ImageBuilder {
  const ctr = ctrArguments(dir);
  return {
    async isLoaded(name, key) {
      const { stdout } = await run('ctr', [...ctr, 'images', 'list', `name==${name}`]);
      return stdout.includes(`${inputsLabel}=${key}`);
    },
    async build({ name, dockerfile, context, buildArguments = {}, key }) {
      const settings = Object.entries(buildArguments).flatMap(([argument, value]) => [
        '--build-arg',
        `${argument}=${value}`,
      ]);
      const words = ['bud', '--isolation', 'chroot', '--layers', '--pull-never', '--label', `${inputsLabel}=${key}`];
      await mustRun('buildah', buildah(...words, ...settings, '--tag', name, '--file', dockerfile, context), {
        timeoutMs: 600_000,
      });
    },
    async load(name, key) {
      await mkdir(cacheDir, { recursive: true });
      const temporary = await mkdtemp(join(cacheDir, 'load-'));
      const archive = join(temporary, 'image.tar');
      try {
        await mustRun('buildah', buildah('push', '--quiet', name, `docker-archive:${archive}:${name}`), {
          timeoutMs: 300_000,
        });
        await importArchive(ctr, archive);
        await mustRun('ctr', [...ctr, 'images', 'label', name, `${inputsLabel}=${key}`]);
        await removeReplaced(ctr);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
    async prune() {
      await mustRun('buildah', buildah('rmi', '--prune', '--force'), { timeoutMs: 300_000 });
    },
  };
}

/**
 * Unpacks an image into containerd. Its garbage collector may take a layer that was an older image's while it is being
 * built upon (seen): then once more is enough, for what it took is unpacked anew.
 */
async function importArchive(ctr: readonly string[], archive: string): Promise<void> {
  const words = [...ctr, 'images', 'import', archive];
  const first = await run('ctr', words, { timeoutMs: 300_000 });
  if (first.status === 0) return;
  if (!first.stderr.includes('does not exist: not found')) throw new CommandError('ctr images import', first.stderr);
  await mustRun('ctr', words, { timeoutMs: 300_000 });
}

async function removeReplaced(ctr: readonly string[]): Promise<void> {
  const names = replacedImages(await mustRun('ctr', [...ctr, 'images', 'list']));
  if (names.length > 0) await mustRun('ctr', [...ctr, 'images', 'remove', '--sync', ...names]);
}

/**
 * From the output of `ctr images list`, the names of images that no tag stands for any more. The CRI plugin gives each
 * image a second name, its id, which stays when the tag moves on to another image.
 */
export function replacedImages(list: string): string[] {
  const images = list
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .flatMap(([name, , digest]) => (name === undefined || digest === undefined ? [] : [{ name, digest }]));
  const isId = ({ name }: { name: string }) => name.startsWith('sha256:');
  const tagged = new Set(images.filter((image) => !isId(image)).map(({ digest }) => digest));
  return images.filter((image) => isId(image) && !tagged.has(image.digest)).map(({ name }) => name);
}
