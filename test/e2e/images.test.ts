import { expect, test } from 'vitest';
import { hasKind } from '../cluster/kind.ts';
import { type ImagePod, startImagePod } from '../deployment/image-pod.ts';
import { installSeccompProfile, seccompProfile } from '../deployment/seccomp-profile.ts';
import { aWorld } from './a-world.ts';

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
  const pod = await startImagePod({ namespace, name: 'baileys', image: 'berth.dev/session-baileys:dev' });
  expect(await firstWith(pod, 'chrom', 'puppeteer', 'whatsapp-web')).toBeUndefined();
  expect(await firstWith(pod, 'node_modules/libsignal')).toBeDefined();
});

test('the image of whatsapp-web.js holds one browser, of Debian, and nothing of Baileys and libsignal', async () => {
  const { namespace } = await aWorld();
  const pod = await startImagePod({ namespace, name: 'web', image: 'berth.dev/session-whatsapp-web-js:dev' });
  expect(await firstWith(pod, 'libsignal', '@whiskeysockets', 'whatsapp-rust-bridge')).toBeUndefined();
  expect(await firstWith(pod, 'node_modules/whatsapp-web.js')).toBeDefined();
  const executable = (await pod.execute('printenv', 'BERTH_BROWSER_EXECUTABLE')).trim();
  expect(await find(pod, '/', '-xdev', '-type', 'f', '-size', '+100M', '-path', '*chrom*')).toEqual([executable]);
});

// Where Docker builds, they are those of its base image.
test.skipIf(await hasKind())(
  'the image of whatsapp-web.js tells nothing of the package sources that it was made from',
  async () => {
    const { namespace } = await aWorld();
    const pod = await startImagePod({ namespace, name: 'web', image: 'berth.dev/session-whatsapp-web-js:dev' });
    expect(await find(pod, '/etc/apt', '-name', '*.list', '-o', '-name', '*.sources')).toEqual([]);
    expect(await find(pod, '/var/lib/apt/lists', '-type', 'f')).toEqual([]);
  },
);

test.each([
  { name: 'without its own sandbox under the default seccomp profile', sandbox: false },
  { name: 'with its own sandbox under the seccomp profile of the chart', sandbox: true },
])('the browser of the image opens a page in a restricted namespace $name', async ({ sandbox }) => {
  const { namespace } = await aWorld();
  if (sandbox) await installSeccompProfile();
  const pod = await startImagePod({
    namespace,
    name: 'web',
    image: 'berth.dev/session-whatsapp-web-js:dev',
    ...(sandbox ? { seccompProfile } : {}),
  });
  const flags = ['--headless', '--disable-gpu', '--user-data-dir=/tmp/profile', ...(sandbox ? [] : ['--no-sandbox'])];
  const page = 'data:text/html,<script>document.write(navigator.language+" "+(6*7))</script>';
  const opened = await pod.execute('sh', '-c', '"$BERTH_BROWSER_EXECUTABLE" "$@"', 'sh', ...flags, '--dump-dom', page);
  expect(opened).toContain('en-US 42');
  // The cache of the image is of use: a browser that finds it out of date writes one of its own.
  expect(await find(pod, '/tmp', '-name', '*.cache-8')).toEqual([]);
});
