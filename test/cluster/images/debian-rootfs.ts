import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../command.ts';
import { contentKey } from '../content-key.ts';
import { cacheDir } from '../paths.ts';
import { step } from '../progress.ts';
import type { DebianSource } from './debian-sources.ts';
import { aptAccess, readHostApt, trimmed, trimRootfs, withHostApt } from './host-apt.ts';

/** Node is linked with the last two. */
const packages = ['tini', 'ca-certificates', 'tzdata', 'libatomic1', 'libstdc++6'];

/**
 * Gives a tar of a small Debian of this machine's own release, made from the repositories that its apt uses. It is made
 * once for a set of sources and packages, then kept.
 */
export async function ensureDebianRootfs(): Promise<string> {
  const apt = await readHostApt();
  const key = contentKey([JSON.stringify(apt.sources), ...packages, ...trimmed]);
  const tar = join(cacheDir, 'debian', `${apt.codename}-${key}.tar`);
  if (!existsSync(tar))
    await step(`Making a small Debian (${apt.codename})`, '1.5 min', () =>
      inWorkFolder(dirname(tar), async (work) => {
        const rootfs = join(work, 'rootfs');
        await debootstrap(apt.main, rootfs);
        // Brings in updates and security updates, which debootstrap leaves out.
        await withHostApt(rootfs, apt, async (inRootfs) => {
          await inRootfs('apt-get', '--yes', 'update');
          await inRootfs('apt-get', '--yes', 'upgrade');
        });
        await trimRootfs(rootfs);
        await mustRun('tar', [...tarFlags, '--file', `${work}/tar`, '--directory', rootfs, '.']);
        await rename(`${work}/tar`, tar);
      }),
    );
  return tar;
}

/** How a tar of a root file system is made. */
export const tarFlags = ['--create', '--numeric-owner', '--sort=name'];

/** Gives `work` a folder of its own below `dir`, and removes it afterwards. */
export async function inWorkFolder(dir: string, work: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(dir, { recursive: true });
  const folder = await mkdtemp(join(dir, 'unfinished-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
