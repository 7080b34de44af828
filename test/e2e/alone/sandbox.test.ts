import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { installBerth } from '../../deployment/install-berth.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { installSeccompProfile } from '../../deployment/seccomp-profile.ts';
import { aWorld } from '../a-world.ts';

beforeAll(async () => {
  await installSeccompProfile();
  await installBerth(inject('standIns'), ['session.browser.sandbox=true']);
}, 120_000);
// Whatever became of the test, the other files need the default.
afterAll(() => installBerth(inject('standIns')), 120_000);

/** One line a process that shows a page: its network namespace. The brackets keep the script from finding itself. */
const networksOfPages = `for process in /proc/[0-9]*; do
  if tr '\\0' ' ' < $process/cmdline 2>/dev/null | grep -q -- '--type=[r]enderer'; then readlink $process/ns/net; fi
done`;

test('with session.browser.sandbox a session is paired and ready, and its pages have a network of their own, with nothing in it', async () => {
  const world = await aWorld('WhatsAppWebJS');
  await world.startPaired('boxed');
  const inPod = (script: string) =>
    kubectl(['--namespace', world.namespace, 'exec', 'boxed', '--', 'sh', '-c', script]);
  const pages = (await inPod(networksOfPages)).split('\n').filter(Boolean);
  expect(pages).not.toEqual([]);
  expect(pages).not.toContain((await inPod('readlink /proc/self/ns/net')).trim());
  const commands = await inPod("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' || true");
  expect(commands).toContain('--user-data-dir');
  expect(commands).not.toContain('--no-sandbox');
});
