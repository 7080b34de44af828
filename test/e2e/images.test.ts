import { expect, test } from 'vitest';
import { hasKind } from '../cluster/kind.ts';
import { devImage } from '../deployment/dev-image.ts';
import { type ImagePod, startImagePod } from '../deployment/image-pod.ts';
import { aWorld } from './a-world.ts';

const isKind = await hasKind();

/** Paths in a container as find(1) tells them, but for what its user may not read. */
async function find(pod: ImagePod, ...words: readonly string[]): Promise<string[]> {
  const found = await pod.execute('sh', '-c', 'find "$@" 2>/dev/null || true', 'sh', ...words);
  return found.split('\n').filter(Boolean);
}

/** The first file with one of the words in its path, if any; the project's own sources do not count. */
async function firstWith(pod: ImagePod, ...words: readonly string[]): Promise<string | undefined> {
  const isOne = words.flatMap((word, index) => [...(index === 0 ? [] : ['-o']), '-ipath', `*${word}*`]);
  const folders = ['/app/node_modules', '/usr', '/opt', '/home', '/root', '/var/lib'];
  return (await find(pod, ...folders, '-not', '-type', 'l', '(', ...isOne, ')', '-print', '-quit'))[0];
}

test('the image of Baileys holds no browser and nothing that drives one', async () => {
  const { namespace } = await aWorld();
  const pod = await startImagePod({ namespace, name: 'baileys', image: devImage('session-baileys') });
  expect(await firstWith(pod, 'chrom', 'puppeteer', 'whatsapp-web')).toBeUndefined();
  expect(await firstWith(pod, 'node_modules/libsignal')).toBeDefined();
});

test('the image of whatsapp-web.js holds one browser, of Debian, that opens a page under the default seccomp profile, and nothing of Baileys', async () => {
  const { namespace } = await aWorld();
  const pod = await startImagePod({ namespace, name: 'web', image: devImage('session-whatsapp-web-js') });
  expect(await firstWith(pod, 'libsignal', '@whiskeysockets', 'whatsapp-rust-bridge')).toBeUndefined();
  expect(await firstWith(pod, 'node_modules/whatsapp-web.js')).toBeDefined();
  const executable = (await pod.execute('printenv', 'BERTH_BROWSER_EXECUTABLE')).trim();
  expect(await find(pod, '/', '-xdev', '-type', 'f', '-size', '+100M', '-path', '*chrom*')).toEqual([executable]);
  // Nothing tells of the package sources that it was made from. Where Docker builds, they are those of its base image.
  const sources = await find(pod, '/etc/apt', '-name', '*.list', '-o', '-name', '*.sources');
  const lists = await find(pod, '/var/lib/apt/lists', '-type', 'f');
  expect(isKind ? [] : [...sources, ...lists]).toEqual([]);

  const flags = ['--headless', '--disable-gpu', '--user-data-dir=/tmp/profile', '--no-sandbox'];
  const page = 'data:text/html,<script>document.write(navigator.language+" "+(6*7))</script>';
  const opened = await pod.execute('sh', '-c', '"$BERTH_BROWSER_EXECUTABLE" "$@"', 'sh', ...flags, '--dump-dom', page);
  expect(opened).toContain('en-US 42');
  // The cache of the image is of use: a browser that finds it out of date writes one of its own.
  expect(await find(pod, '/tmp', '-name', '*.cache-8')).toEqual([]);
});
