import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOnPath, mustRun, run } from './command.ts';
import { cacheDir } from './paths.ts';
import { PrerequisiteMissingError } from './prerequisites.ts';
import { step } from './progress.ts';

/** The Debian package that brings it: it would start a Prometheus if it were installed, so it is only unpacked. */
const debianPackage = 'prometheus';

/**
 * The promtool to use: that of the machine, or the one of Debian's package, fetched once into the cache.
 * @throws {PrerequisiteMissingError} there is neither
 */
export async function ensurePromtool(): Promise<string> {
  if (await isOnPath('promtool')) return 'promtool';
  const cached = join(cacheDir, 'bin', 'promtool');
  if (!existsSync(cached)) await step('Fetching promtool', '10 s', () => unpackInto(cached));
  return cached;
}

async function unpackInto(file: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-promtool-'));
  try {
    await download(dir);
    const [archive] = (await readdir(dir)).filter((name) => name.endsWith('.deb'));
    if (archive === undefined) throw missing('it brought no package');
    await mustRun('dpkg-deb', ['--extract', join(dir, archive), join(dir, 'unpacked')]);
    await mkdir(join(cacheDir, 'bin'), { recursive: true });
    const ready = `${file}.${process.pid}`;
    await cp(join(dir, 'unpacked', 'usr', 'bin', 'promtool'), ready);
    await rename(ready, file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function download(dir: string): Promise<void> {
  if (!(await isOnPath('apt-get')) || !(await isOnPath('dpkg-deb'))) throw missing('this is no Debian');
  // As root apt hands a download to a user of its own, who may not write into a folder of root's.
  const words = ['download', '--option', 'APT::Sandbox::User=root', debianPackage];
  const attempt = () => run('apt-get', words, { cwd: dir, timeoutMs: 300_000 });
  if ((await attempt()).status === 0) return; // The machine's package lists were recent enough.
  await run('apt-get', ['update'], { timeoutMs: 300_000 });
  const { status, stderr } = await attempt();
  if (status !== 0) throw missing(stderr.trim());
}

function missing(why: string): PrerequisiteMissingError {
  return new PrerequisiteMissingError(
    `Cannot test the alerts: promtool is missing, and "apt-get download ${debianPackage}" did not bring it: ${why}; put the promtool of a Prometheus release on the PATH`,
  );
}
