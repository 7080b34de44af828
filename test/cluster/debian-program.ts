import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOnPath, mustRun, run } from './command.ts';
import { cacheDir } from './paths.ts';
import { PrerequisiteMissingError } from './prerequisites.ts';
import { step } from './progress.ts';

/** A program out of a Debian package that must not be installed, since that would start it as a service. */
export interface DebianProgram {
  /** How it is called: in the package's `usr/bin`, and on the PATH of a Debian. */
  readonly name: string;
  readonly debianPackage: string;
  /** What cannot be done without it, as "test the alerts". */
  readonly isFor: string;
}

/**
 * The program to use: that of the machine, or the one of Debian's package, which is fetched once into the cache and only unpacked.
 * @throws {PrerequisiteMissingError} there is neither
 */
export async function ensureDebianProgram(program: DebianProgram): Promise<string> {
  if (await isOnPath(program.name)) return program.name;
  const cached = join(cacheDir, 'bin', program.name);
  if (!existsSync(cached)) await step(`Fetching ${program.name}`, '10 s', () => unpackInto(cached, program));
  return cached;
}

async function unpackInto(file: string, program: DebianProgram): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), `berth-${program.name}-`));
  try {
    await download(dir, program);
    const [archive] = (await readdir(dir)).filter((name) => name.endsWith('.deb'));
    if (archive === undefined) throw missing(program, 'it brought no package');
    await mustRun('dpkg-deb', ['--extract', join(dir, archive), join(dir, 'unpacked')]);
    await mkdir(join(cacheDir, 'bin'), { recursive: true });
    const ready = `${file}.${process.pid}`;
    await cp(join(dir, 'unpacked', 'usr', 'bin', program.name), ready);
    await rename(ready, file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function download(dir: string, program: DebianProgram): Promise<void> {
  if (!(await isOnPath('apt-get')) || !(await isOnPath('dpkg-deb'))) throw missing(program, 'this is no Debian');
  // As root apt hands a download to a user of its own, who may not write into a folder of root's.
  const words = ['download', '--option', 'APT::Sandbox::User=root', program.debianPackage];
  const attempt = () => run('apt-get', words, { cwd: dir, timeoutMs: 300_000 });
  if ((await attempt()).status === 0) return; // The machine's package lists were recent enough.
  await run('apt-get', ['update'], { timeoutMs: 300_000 });
  const { status, stderr } = await attempt();
  if (status !== 0) throw missing(program, stderr.trim());
}

function missing({ name, debianPackage, isFor }: DebianProgram, why: string): PrerequisiteMissingError {
  return new PrerequisiteMissingError(
    `Cannot ${isFor}: ${name} is missing, and "apt-get download ${debianPackage}" did not bring it: ${why}; put the ${name} of a release on the PATH`,
  );
}
