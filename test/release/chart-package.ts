import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '@berth/protocol';
import { parse } from 'yaml';
import { ensureBinaries } from '../cluster/binaries.ts';
import { mustRun } from '../cluster/command.ts';
import { projectDir } from '../cluster/paths.ts';
import { projectVersion } from '../cluster/project-version.ts';

/** The project's parts disagree about its version. */
export class VersionsDifferError extends BerthError {
  readonly code = 'VERSIONS_DIFFER';
  readonly retryable = false;
  constructor(file: string, found: string, wanted: string) {
    super(`Cannot release: ${file} says "${found}", and package.json "${wanted}"; write the same version into both`);
  }
}

/**
 * Packages the chart as `berth-<version>.tgz` in a folder, and gives the file's path. The same tree gives the same bytes: what
 * helm packages has the present time in it, so it is packed anew with the time of the commit.
 * @param commitSeconds since the epoch
 * @throws {VersionsDifferError} version or appVersion of the chart is not that of package.json
 */
export async function packageChart(dir: string, commitSeconds: number): Promise<string> {
  const chart = join(projectDir, 'charts', 'berth');
  const version = await projectVersion();
  const said = parse(await readFile(join(chart, 'Chart.yaml'), 'utf8')) as { version: string; appVersion: string };
  for (const field of ['version', 'appVersion'] as const)
    if (said[field] !== version) throw new VersionsDifferError(`${field} in Chart.yaml`, said[field], version);
  const { helm } = await ensureBinaries(['helm']);
  const name = `berth-${version}.tgz`;
  const temporary = await mkdtemp(join(tmpdir(), 'berth-chart-'));
  try {
    const unpacked = join(temporary, 'unpacked');
    const packed = join(temporary, 'packed.tar');
    await mustRun(helm, ['package', chart, '--destination', temporary]);
    await mkdir(unpacked);
    await mustRun('tar', ['--extract', '--gzip', '--file', join(temporary, name), '--directory', unpacked]);
    const same = ['--sort=name', `--mtime=@${commitSeconds}`, '--numeric-owner', '--owner=0', '--group=0'];
    const tar = [
      '--create',
      '--format=ustar',
      '--mode=u=rw,go=r,a+X',
      ...same,
      '--file',
      packed,
      '--directory',
      unpacked,
    ];
    await mustRun('tar', [...tar, 'berth']);
    await mustRun('gzip', ['--no-name', '--best', packed]);
    await mkdir(dir, { recursive: true });
    // Across file systems there is no rename; one that is interrupted leaves nothing by the package's name.
    await mustRun('cp', [`${packed}.gz`, join(dir, `${name}.unfinished`)]);
    await rename(join(dir, `${name}.unfinished`), join(dir, name));
    return join(dir, name);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
