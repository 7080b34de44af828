import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
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
 * The command of the program: that of the machine, or the one of Debian's package, which is fetched once into the cache and
 * only unpacked. What it reads from `/usr/share` it finds as if it were installed.
 * @throws {PrerequisiteMissingError} there is neither
 */
export async function ensureDebianProgram(program: DebianProgram): Promise<readonly [string, ...string[]]> {
  const { name, debianPackage } = program;
  if (await isOnPath(name)) return [name];
  const unpacked = join(cacheDir, 'debian', debianPackage);
  if (!existsSync(unpacked)) await step(`Fetching ${debianPackage}`, '10 s', () => unpackInto(unpacked, program));
  return [join(unpacked, 'usr', 'bin', name)];
}

/**
 * The same with its package's `usr/share` as `/usr/share`, for a program that has paths in it built in. The mount is in a mount
 * namespace of the program's own, so that nobody else sees it and it goes with the program.
 */
export async function ensureDebianProgramWithShare(program: DebianProgram): Promise<readonly [string, ...string[]]> {
  const [file] = await ensureDebianProgram(program);
  if (file === program.name) return [file];
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const script = 'mount --bind "$1" /usr/share && shift && exec "$@"';
  const share = join(file, '..', '..', 'share');
  return ['unshare', '--mount', ...asRoot, '/bin/sh', '-c', script, 'sh', share, file];
}

async function unpackInto(target: string, program: DebianProgram): Promise<void> {
  await mkdir(join(target, '..'), { recursive: true });
  const dir = await mkdtemp(`${target}.`); // Beside it, so that a rename is all that is left to do.
  try {
    await download(dir, program);
    const [archive] = (await readdir(dir)).filter((name) => name.endsWith('.deb'));
    if (archive === undefined) throw missing(program, 'it brought no package');
    await mustRun('dpkg-deb', ['--extract', join(dir, archive), join(dir, 'unpacked')]);
    await rename(join(dir, 'unpacked'), target).catch((error: unknown) => {
      if (!existsSync(target)) throw error; // Else another process was faster.
    });
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
