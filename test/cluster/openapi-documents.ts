import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/protocol';
import { GoMissingError } from './binaries.ts';
import { isOnPath, mustRun } from './command.ts';
import { withExclusiveLock } from './exclusive-lock.ts';
import { cacheDir } from './paths.ts';
import { step } from './progress.ts';

/** A minor version of Kubernetes that the chart is for. */
export type KubernetesMinor = keyof typeof releases;

/** The release of each whose documents are read, with the sum of its Go module as a go.sum would have it. */
const releases = {
  '1.31': { version: 'v1.31.14', sum: 'h1:UtjLfqvXLuSVDdJ4+NpQCIfFkKkLnAAVmxAEMsnkhjk=' },
  '1.32': { version: 'v1.32.11', sum: 'h1:vGU5kf3OD2/Pu/OAOyPld7gHlS1gmeRth54PWxcRVMM=' },
  '1.33': { version: 'v1.33.7', sum: 'h1:Qhp1gwCPSOqt3du6A0uTGrrTcZDtShdSCIR5IZag16Y=' },
  '1.34': { version: 'v1.34.4', sum: 'h1:Yy6R4QB8C9kJPp25GFqEvX5XQwY5qzKeqD0Xx6oAcmk=' },
} as const;

/** Oldest first. */
export const kubernetesMinors = Object.keys(releases) as KubernetesMinor[];

const goModule = 'k8s.io/kubernetes';
/** The one of the documents in the module that has all groups: of OpenAPI 2, 3 MB. */
const inModule = join('api', 'openapi-spec', 'swagger.json');

/** What came as the module is not what was pinned. */
export class ModuleSumError extends BerthError {
  readonly code = 'MODULE_SUM_WRONG';
  readonly retryable = false;
  constructor(version: string, is: string, wanted: string) {
    super(
      `Cannot use ${goModule}@${version}: its sum is "${is}", and "${wanted}" was pinned; find out who changed it, and only then pin it anew`,
    );
  }
}

/**
 * The file with the OpenAPI document of a version of Kubernetes. It is fetched once, out of the Go module, and kept by its
 * version; nothing stays in Go's own cache, where a module would take 100 MB.
 * @throws {GoMissingError} it is not in the cache yet, and Go is not there
 * @throws {ModuleSumError}
 */
export async function ensureOpenApiDocument(minor: KubernetesMinor): Promise<string> {
  const { version } = releases[minor];
  const document = join(cacheDir, 'openapi', version, 'swagger.json');
  if (!existsSync(document))
    await withExclusiveLock(join(cacheDir, 'openapi.lock'), async () => {
      if (existsSync(document)) return; // Another process may have fetched it while we waited.
      if (!(await isOnPath('go'))) throw new GoMissingError([`${goModule}@${version}`]);
      await step(`Fetching the OpenAPI document of Kubernetes ${version}`, '8 s', () => fetchDocument(minor, document));
    });
  return document;
}

async function fetchDocument(minor: KubernetesMinor, document: string): Promise<void> {
  const { version, sum } = releases[minor];
  await mkdir(join(document, '..'), { recursive: true });
  const modules = await mkdtemp(join(cacheDir, 'openapi', 'fetching-'));
  try {
    const said = await mustRun('go', ['mod', 'download', '-json', `${goModule}@${version}`], {
      cwd: modules, // Outside of any module: only the one that is named comes.
      env: { GOMODCACHE: join(modules, 'cache'), GOFLAGS: '-modcacherw' },
      timeoutMs: 300_000,
    });
    const { Dir: dir, Sum: is } = JSON.parse(said) as { Dir: string; Sum: string };
    if (is !== sum) throw new ModuleSumError(version, is, sum);
    const unfinished = `${document}.unfinished`;
    await copyFile(join(dir, inModule), unfinished);
    await rename(unfinished, document);
  } finally {
    await rm(modules, { recursive: true, force: true });
  }
}
