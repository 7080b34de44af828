import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BerthError } from '@berth/protocol';
import { mustRun } from '../command.ts';
import { contentKey } from '../content-key.ts';
import { cacheDir, projectDir } from '../paths.ts';
import { step } from '../progress.ts';
import { inWorkFolder, tarFlags } from './debian-rootfs.ts';
import { readHostApt, withHostApt } from './host-apt.ts';

/** The packages of Debian that a session's browser may be. The shell has no window code, and needs half the memory. */
export const browsers = ['chromium-headless-shell', 'chromium'] as const;
export type Browser = (typeof browsers)[number];

/** The machine names no repository of security updates. */
export class SecuritySourceMissingError extends BerthError {
  readonly code = 'SECURITY_SOURCE_MISSING';
  readonly retryable = false;
  constructor(suite: string) {
    super(`Cannot install a browser: apt has no source for "${suite}", and others have it months old; add one`);
  }
}

const script = join(projectDir, 'session-pod', 'install-browser.sh');

/**
 * Gives a tar of what a browser and its fonts add to a root file system: the layer that makes a browser's image of the
 * base image. It is made once for a rootfs and a state of `session-pod/install-browser.sh`, then kept.
 * @throws {SecuritySourceMissingError}
 */
export async function ensureBrowserLayer(rootfsTar: string, browser: Browser): Promise<string> {
  const tar = await browserLayerPath(rootfsTar, browser);
  if (existsSync(tar)) return tar;
  const apt = await readHostApt();
  const security = `${apt.codename}-security`;
  if (!apt.sources.some(({ suite }) => suite === security)) throw new SecuritySourceMissingError(security);
  await step(`Installing ${browser} into a small Debian`, '1 min', () =>
    inWorkFolder(dirname(tar), async (work) => {
      const rootfs = join(work, 'rootfs');
      await mkdir(rootfs);
      await mustRun('tar', ['--extract', '--file', rootfsTar, '--directory', rootfs], { timeoutMs: 300_000 });
      await copyFile(script, join(rootfs, 'tmp/install-browser.sh'));
      const marker = join(work, 'marker');
      await writeFile(marker, '');
      await withHostApt(rootfs, apt, async (inRootfs) => {
        await inRootfs('sh', '/tmp/install-browser.sh', browser);
      });
      await rm(join(rootfs, 'tmp/install-browser.sh'));
      await tarOfChanges(rootfs, marker, `${work}/tar`);
      await removeOlder(browser, dirname(tar));
      await rename(`${work}/tar`, tar);
    }),
  );
  return tar;
}

/** Its file's name changes with all that it is made from. */
async function browserLayerPath(rootfsTar: string, browser: Browser): Promise<string> {
  const key = contentKey([basename(rootfsTar), await readFile(script)]);
  return join(cacheDir, 'debian', `${browser}-${key}.tar`);
}

/** What has been made or changed since `marker` was, told by the one time of a file that no program can set. */
async function tarOfChanges(rootfs: string, marker: string, tar: string): Promise<void> {
  const changed = await mustRun('find', ['.', '-cnewer', marker, '-print0'], { cwd: rootfs });
  const words = [...tarFlags, '--file', tar, '--no-recursion', '--null', '--files-from=-'];
  await mustRun('tar', words, { cwd: rootfs, input: changed, timeoutMs: 300_000 });
}

async function removeOlder(browser: Browser, dir: string): Promise<void> {
  for (const name of await readdir(dir))
    if (name.replace(/-[0-9a-f]{16}\.tar$/, '') === browser) await rm(join(dir, name));
}
