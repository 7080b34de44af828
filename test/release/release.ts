import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { mustRun } from '../cluster/command.ts';
import { buildahStore, type ImageBuilder } from '../cluster/images/image-builder.ts';
import { imageContents } from '../cluster/images/image-contents.ts';
import { type BuiltImage, buildImages, versionLabel } from '../cluster/images.ts';
import { hasKind, kindBuilder } from '../cluster/kind.ts';
import { projectDir } from '../cluster/paths.ts';
import { inWords, say } from '../cluster/progress.ts';
import { projectVersion } from '../cluster/project-version.ts';
import { packageChart } from './chart-package.ts';
import { writeChecksums } from './checksums.ts';
import { readArchive } from './image-archive.ts';
import { inUnits, sizeTable } from './size-table.ts';

const dist = join(projectDir, 'dist');
/** Which inputs each archive in `dist` is of, so that what has not changed is not compressed again. */
const keysFile = join(dist, '.keys.json');

/** The commit that is released: what the images say they are of. */
interface Commit {
  readonly revision: string;
  readonly seconds: number;
}

/** Makes all parts of a release in `dist`, and publishes nothing. */
async function release(): Promise<void> {
  const version = await projectVersion();
  const commit = await commitOfTree();
  await mkdir(dist, { recursive: true });
  say(`Release ${version} of ${commit.revision}: a dry run, nothing is published`);
  const builder = (await hasKind()) ? kindBuilder : buildahStore;
  const chart = await timed('Packaging the chart', () => packageChart(dist, commit.seconds));
  const built = await timed('Building the images that have changed', () => buildReleased(builder, version, commit));
  const archives: string[] = [];
  for (const image of built)
    archives.push(await timed(`Archiving ${image.name}`, () => archiveImage(builder, image, version)));
  const sums = await timed('Checksums', () => writeChecksums(dist, [chart, ...archives]));
  const images = await timed('Checking the labels', () =>
    Promise.all(
      archives.map(async (file) => ({ name: basename(file, `-${version}.oci.tar`), ...(await readArchive(file)) })),
    ),
  );
  print('\nLayers, compressed, the lowest first:');
  print(sizeTable(images));
  print('\nIn dist/:');
  for (const file of [chart, ...archives, sums]) print(`${inUnits((await stat(file)).size)}  ${basename(file)}`);
  print(howToPublish(version, built));
}

/** The time that each step took, whatever it was: a person who waits wants to know for what. */
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  say(`- ${what}`);
  const startedAtMs = Date.now();
  const result = await work();
  say(`  done in ${inWords(Date.now() - startedAtMs)}`);
  return result;
}

/** Of a tree with changes, the revision says that it is not the commit's. */
async function commitOfTree(): Promise<Commit> {
  const git = async (...words: string[]) => (await mustRun('git', words, { cwd: projectDir })).trim();
  const isChanged = (await git('status', '--porcelain')) !== '';
  const revision = await git('rev-parse', 'HEAD');
  return {
    revision: isChanged ? `${revision}-dirty` : revision,
    seconds: Number(await git('log', '-1', '--format=%ct')),
  };
}

const buildReleased = (builder: ImageBuilder, version: string, { revision, seconds }: Commit): Promise<BuiltImage[]> =>
  buildImages(
    builder,
    imageContents.filter(({ image }) => !image.startsWith('test-')),
    {
      tag: version,
      labels: {
        [versionLabel]: version,
        'org.opencontainers.image.revision': revision,
        'org.opencontainers.image.created': new Date(seconds * 1000).toISOString(),
      },
    },
  );

async function archiveImage(builder: ImageBuilder, { image, name, key }: BuiltImage, version: string): Promise<string> {
  const file = join(dist, `${image}-${version}.oci.tar`);
  const keys = await readKeys();
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (isThere && keys[image] === key) return file;
  await rm(`${file}.unfinished`, { force: true }); // buildah would add to it.
  await builder.archive(name, `${file}.unfinished`);
  await rename(`${file}.unfinished`, file);
  await writeFile(keysFile, JSON.stringify({ ...keys, [image]: key }));
  return file;
}

async function readKeys(): Promise<Record<string, string>> {
  const text = await readFile(keysFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return JSON.parse(text) as Record<string, string>;
}

const howToPublish = (version: string, built: readonly BuiltImage[]) => `
What a release would push, and where to; YOUR_REGISTRY is any that your clusters pull from:
${built
  .map(
    ({ image }) =>
      `  skopeo copy oci-archive:dist/${image}-${version}.oci.tar docker://YOUR_REGISTRY/${image}:${version}`,
  )
  .join('\n')}
  helm push dist/berth-${version}.tgz oci://YOUR_REGISTRY/charts
Check what you were given: cd dist && sha256sum --check SHA256SUMS`;

const print = (line: string) => process.stdout.write(`${line}\n`);

if (import.meta.main) await release();
