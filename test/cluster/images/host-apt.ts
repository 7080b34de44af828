import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/protocol';
import { mustRun } from '../command.ts';
import { type DebianSource, parseDeb822, parseSourcesList, sourcesOfRelease } from './debian-sources.ts';

/** The machine names no repository for its own release. */
export class DebianSourcesMissingError extends BerthError {
  readonly code = 'DEBIAN_SOURCES_MISSING';
  readonly retryable = false;
  constructor(codename: string) {
    super(`Cannot make a base image: apt has no source for "${codename}"; add one to /etc/apt/sources.list`);
  }
}

/** Where this machine's apt takes packages of its own release from. */
export interface HostApt {
  readonly codename: string;
  /** That of the main suite. */
  readonly main: DebianSource;
  /** All of them, that of the main suite first. */
  readonly sources: readonly DebianSource[];
}

/** @throws {DebianSourcesMissingError} */
export async function readHostApt(): Promise<HostApt> {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
  const sources = sourcesOfRelease(await readAptSources(), codename);
  const [main] = sources;
  if (main === undefined) throw new DebianSourcesMissingError(codename);
  return { codename, main, sources };
}

/** How apt itself gets through: its proxy and its certificates, where it has been given any. */
export async function aptAccess(): Promise<{ proxy: string | undefined; caInfo: string | undefined }> {
  const settings = await mustRun('apt-config', [
    'shell',
    'PROXY',
    'Acquire::http::Proxy',
    'CAINFO',
    'Acquire::https::CAInfo',
  ]);
  const setting = (name: string) => new RegExp(`^${name}='(.*)'$`, 'm').exec(settings)?.[1];
  return { proxy: setting('PROXY'), caInfo: setting('CAINFO') };
}

/** Runs a command in a root file system, and rejects unless it ends with 0. */
export type RunInRootfs = (command: string, ...words: readonly string[]) => Promise<string>;

/**
 * Lends this machine's package sources and way to them to a root file system, for as long as `work` runs commands in
 * it. They are this machine's affair: nothing of them is left when it is over.
 */
export async function withHostApt(
  rootfs: string,
  { sources }: HostApt,
  work: (runInRootfs: RunInRootfs) => Promise<void>,
): Promise<void> {
  const lines = sources.map(({ uri, suite, components, signedBy }) => {
    const option = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
    return `deb ${option}${uri} ${suite} ${components.join(' ')}\n`;
  });
  await writeFile(join(rootfs, 'etc/apt/sources.list'), lines.join(''));
  for (const file of new Set(sources.map(({ signedBy }) => signedBy)))
    if (file !== undefined && !existsSync(join(rootfs, file))) await copyFile(file, join(rootfs, file));
  const hostConfiguration = join(rootfs, 'etc/apt/apt.conf.d/00-while-building');
  await writeFile(hostConfiguration, await mustRun('apt-config', ['dump', '--format', '%F "%v";%n', 'Acquire']));
  await copyFile('/etc/resolv.conf', join(rootfs, 'etc/resolv.conf'));
  await work((command, ...words) =>
    mustRun('chroot', [rootfs, command, ...words], {
      timeoutMs: 600_000,
      env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    }),
  );
  await rm(hostConfiguration);
  await rm(join(rootfs, 'etc/apt/sources.list'));
  await writeFile(join(rootfs, 'etc/resolv.conf'), ''); // A container's resolver is the cluster's.
}

/** What no program in a container reads. */
export const trimmed = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/lintian',
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log',
];

/** Empties the folders that no program in a container reads. */
export async function trimRootfs(rootfs: string): Promise<void> {
  for (const folder of trimmed) {
    await rm(join(rootfs, folder), { recursive: true, force: true });
    await mkdir(join(rootfs, folder), { recursive: true });
  }
  await mkdir(join(rootfs, 'var/cache/apt/archives/partial'), { recursive: true });
}

async function readAptSources(): Promise<DebianSource[]> {
  const folder = '/etc/apt/sources.list.d';
  const inFolder = (await readdir(folder).catch(() => [] as string[])).map((name) => join(folder, name));
  const read = (file: string) => readFile(file, 'utf8').catch(() => '');
  const sources: DebianSource[] = [];
  for (const file of ['/etc/apt/sources.list', ...inFolder.sort()]) {
    if (file.endsWith('.list')) sources.push(...parseSourcesList(await read(file)));
    if (file.endsWith('.sources')) sources.push(...parseDeb822(await read(file)));
  }
  return sources;
}
