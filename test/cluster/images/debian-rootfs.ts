import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BerthError } from '@berth/protocol';
import { mustRun } from '../command.ts';
import { contentKey } from '../content-key.ts';
import { cacheDir } from '../paths.ts';
import { step } from '../progress.ts';
import { type DebianSource, parseDeb822, parseSourcesList, sourcesOfRelease } from './debian-sources.ts';

/** The machine names no repository for its own release. */
export class DebianSourcesMissingError extends BerthError {
  readonly code = 'DEBIAN_SOURCES_MISSING';
  readonly retryable = false;
  constructor(codename: string) {
    super(`Cannot make a base image: apt has no source for "${codename}"; add one to /etc/apt/sources.list`);
  }
}

/** Node is linked with the last two. */
const packages = ['tini', 'ca-certificates', 'tzdata', 'libatomic1', 'libstdc++6'];
/** What no program in a container reads. */
const trimmed = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/lintian',
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log',
];

/**
 * Gives a tar of a small Debian of this machine's own release, made from the repositories that its apt uses. It is made
 * once for a set of sources and packages, then kept.
 */
export async function ensureDebianRootfs(): Promise<string> {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
  const sources = sourcesOfRelease(await readAptSources(), codename);
  const [main] = sources;
  if (main === undefined) throw new DebianSourcesMissingError(codename);
  const key = contentKey([JSON.stringify(sources), ...packages, ...trimmed]);
  const tar = join(cacheDir, 'debian', `${codename}-${key}.tar`);
  if (!existsSync(tar))
    await step(`Making a small Debian (${codename})`, '1.5 min', async () => {
      await mkdir(dirname(tar), { recursive: true });
      const work = await mkdtemp(join(dirname(tar), 'unfinished-'));
      try {
        const rootfs = join(work, 'rootfs');
        await debootstrap(main, rootfs);
        await upgrade(rootfs, sources);
        await trim(rootfs);
        await mustRun('tar', [
          '--create',
          '--numeric-owner',
          '--sort=name',
          '--file',
          `${work}/tar`,
          '--directory',
          rootfs,
          '.',
        ]);
        await rename(`${work}/tar`, tar);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    });
  return tar;
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

async function debootstrap({ uri, suite, components, signedBy }: DebianSource, rootfs: string): Promise<void> {
  const { proxy, caInfo } = await aptAccess();
  await mustRun(
    'debootstrap',
    [
      '--variant=minbase',
      `--include=${packages.join(',')}`,
      `--components=${components.join(',')}`,
      ...(signedBy === undefined ? [] : [`--keyring=${signedBy}`]),
      suite,
      rootfs,
      uri,
    ],
    {
      timeoutMs: 900_000,
      env: {
        ...(proxy === undefined ? {} : { http_proxy: proxy, https_proxy: proxy }),
        ...(caInfo === undefined ? {} : { SSL_CERT_FILE: caInfo }),
      },
    },
  );
}

/** How apt itself gets through: its proxy and its certificates, where it has been given any. */
async function aptAccess(): Promise<{ proxy: string | undefined; caInfo: string | undefined }> {
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

/** Brings in updates and security updates, which debootstrap leaves out. The host's apt does it, with its own access. */
async function upgrade(rootfs: string, sources: readonly DebianSource[]): Promise<void> {
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
  const apt = (...words: string[]) =>
    mustRun('chroot', [rootfs, 'apt-get', '--yes', ...words], {
      timeoutMs: 600_000,
      env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    });
  await apt('update');
  await apt('upgrade');
  await rm(hostConfiguration);
}

async function trim(rootfs: string): Promise<void> {
  for (const folder of trimmed) {
    await rm(join(rootfs, folder), { recursive: true, force: true });
    await mkdir(join(rootfs, folder), { recursive: true });
  }
  // The sources are this machine's affair, and a container's resolver is the cluster's.
  await rm(join(rootfs, 'etc/apt/sources.list'));
  await writeFile(join(rootfs, 'etc/resolv.conf'), '');
  await mkdir(join(rootfs, 'var/cache/apt/archives/partial'), { recursive: true });
}
