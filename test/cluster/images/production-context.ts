import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { mustRun } from '../command.ts';
import { contentKey } from '../content-key.ts';
import { cacheDir, projectDir } from '../paths.ts';
import { step } from '../progress.ts';
import type { ImageContents } from './image-contents.ts';

/** A folder that is ready to be built from. */
export interface StagedContext {
  readonly dir: string;
  readonly key: string;
  /** Whether its packages had to be installed. */
  readonly hasNewPackages: boolean;
}

/**
 * Stages `node_modules.tar` and `app` of one image in the cache folder. The packages are installed anew only when the
 * lockfile or a manifest has changed; they are a tar because a builder that has to look through its 20,000 files takes
 * seconds for it each time. npm's links to the workspaces stay links: Node refuses to strip the types of what lies in
 * `node_modules` by its real path.
 */
export async function stageContext(contents: ImageContents): Promise<StagedContext> {
  const { image, dockerfile, workspaces, omit = [], sources } = contents;
  const manifests = await manifestsOfProject();
  const packagesKey = await keyOfFiles(
    manifests.map((file) => join(projectDir, file)),
    [...workspaces, ...omit],
  );
  const dir = join(cacheDir, 'contexts', `${image}-${packagesKey}`);
  const hasNewPackages = !existsSync(join(dir, 'node_modules.tar'));
  if (hasNewPackages) await installPackages(contents, manifests, dir);
  const app = join(dir, 'app');
  const files = (await Promise.all(sources.map((source) => filesBelow(join(projectDir, source))))).flat();
  const key = await keyOfFiles([...files, join(projectDir, dockerfile)], [packagesKey]);
  await rm(app, { recursive: true, force: true });
  await mkdir(app, { recursive: true });
  for (const file of files) {
    const target = join(app, relative(projectDir, file));
    await mkdir(dirname(target), { recursive: true });
    await cp(file, target, { preserveTimestamps: true });
  }
  return { dir, key, hasNewPackages };
}

/** What npm reads: the manifests of the root and of all workspaces, and the lockfile. */
async function manifestsOfProject(): Promise<string[]> {
  const root = JSON.parse(await readFile(join(projectDir, 'package.json'), 'utf8')) as { workspaces: string[] };
  return ['package.json', 'package-lock.json', ...root.workspaces.map((folder) => `${folder}/package.json`)];
}

async function installPackages(
  { image, workspaces, omit = [] }: ImageContents,
  manifests: readonly string[],
  dir: string,
): Promise<void> {
  const unfinished = `${dir}.unfinished`;
  await rm(dir, { recursive: true, force: true });
  await rm(unfinished, { recursive: true, force: true });
  await removeOlder(image);
  for (const file of manifests) await cp(join(projectDir, file), join(unfinished, file));
  const omitted = ['dev', ...omit].map((kind) => `--omit=${kind}`);
  const flags = [...omitted, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await step(`Installing the packages of image ${image}`, '15 s', () =>
    mustRun('npm', ['ci', ...flags, ...workspaces.map((name) => `--workspace=${name}`)], {
      cwd: unfinished,
      timeoutMs: 600_000,
    }),
  );
  const flat = ['--sort=name', '--numeric-owner', '--owner=0', '--group=0'];
  const tar = ['--create', ...flat, '--file', join(unfinished, 'node_modules.tar'), '--directory', unfinished];
  await mustRun('tar', [...tar, 'node_modules'], { timeoutMs: 300_000 });
  await rm(join(unfinished, 'node_modules'), { recursive: true });
  await rename(unfinished, dir);
}

async function removeOlder(image: string): Promise<void> {
  const contexts = join(cacheDir, 'contexts');
  for (const name of await readdir(contexts).catch(() => [] as string[]))
    if (name.replace(/-[0-9a-f]{16}(\.unfinished)?$/, '') === image)
      await rm(join(contexts, name), { recursive: true, force: true });
}

/** Every file below a path, sorted, but for what is not source: packages, the cluster's Go modules. */
async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTDIR') return undefined;
      throw error;
    },
  );
  if (entries === undefined) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/node_modules/') && !file.includes('/cluster/modules/'))
    .sort();
}

async function keyOfFiles(files: readonly string[], more: readonly string[]): Promise<string> {
  const parts: (string | Uint8Array)[] = [...more];
  for (const file of files) parts.push(relative(projectDir, file), await readFile(file));
  return contentKey(parts);
}
