import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from './command.ts';
import { cacheDir } from './paths.ts';
import { step } from './progress.ts';

const module = 'github.com/cert-manager/cert-manager';
const version = 'v1.19.1';
/** Of the module's content, as `go mod download -json` says it. */
const sum = 'h1:Txh8L/nLWTDcb7ZnXuXbTe15BxQnLbLirXmbNk0fGgY=';

/**
 * The definition of cert-manager's Certificate, out of its Go module, which is fetched once into the cache (4 MB).
 * @returns path of the YAML file
 * @throws {CommandError} the module cannot be had, or is another than it was
 */
export async function ensureCertManagerCrd(): Promise<string> {
  const cached = join(cacheDir, 'cert-manager', version, 'cert-manager.io_certificates.yaml');
  if (!existsSync(cached)) await step("Fetching cert-manager's definitions", '5 s', () => fetchInto(cached));
  return cached;
}

async function fetchInto(file: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-cert-manager-'));
  try {
    const said = await mustRun('go', ['mod', 'download', '-json', `${module}@${version}`], {
      cwd: dir,
      env: { GOFLAGS: '-mod=mod' },
      timeoutMs: 300_000,
    });
    const { Dir, Sum } = JSON.parse(said) as { Dir: string; Sum: string };
    if (Sum !== sum) throw new Error(`Cannot use "${module}@${version}": its sum is ${Sum}; it should be ${sum}`);
    await mkdir(join(file, '..'), { recursive: true });
    const ready = `${file}.${process.pid}`;
    await copyFile(join(Dir, 'deploy', 'crds', 'cert-manager.io_certificates.yaml'), ready);
    await rename(ready, file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
