import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ProcessEntry } from '@berth/session-pod/engine/web-process-tree.ts';
import { browserTree, killBrowser, parseProcess } from '@berth/session-pod/engine/web-process-tree.ts';
import { expect, onTestFinished, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';

const profileDirectory = '/data/browser-profile';

function aProcess(pid: number, parent: number, session: number, ...command: string[]): ProcessEntry {
  return { pid, parent, session, isZombie: false, command };
}

const node = aProcess(7, 1, 1, 'node', 'main.ts');
const browser = aProcess(20, 7, 20, 'chromium', `--user-data-dir=${profileDirectory}`);
const zygote = aProcess(21, 20, 20, 'chromium', '--type=zygote');
const renderer = aProcess(22, 21, 20, 'chromium', '--type=renderer');
const crashHandler = aProcess(23, 20, 23, 'chrome_crashpad_handler');
const orphan = aProcess(24, 1, 20, 'chromium', '--type=utility');
const other = aProcess(30, 7, 30, 'chromium', `--user-data-dir=${profileDirectory}-2`);
const otherRenderer = aProcess(31, 30, 30, 'chromium', '--type=renderer');
const all = [node, browser, zygote, renderer, crashHandler, orphan, other, otherRenderer];

test('browserTree() finds a browser by its profile, with all that belongs to it and nothing else', () => {
  expect(browserTree(all, { profileDirectory }).toSorted((a, b) => a - b)).toEqual([20, 21, 22, 23, 24]);
});

test('browserTree() finds what a dead browser left, once its pid was known', () => {
  const left = all.filter((each) => each !== browser);
  expect(browserTree(left, { profileDirectory })).toEqual([]);
  expect(browserTree(left, { profileDirectory, pid: 20 }).toSorted((a, b) => a - b)).toEqual([21, 22, 23, 24]);
});

test('browserTree() leaves alone whoever has got the number of a dead browser', () => {
  expect(browserTree([node, aProcess(20, 7, 20, 'node', 'other.ts')], { profileDirectory, pid: 20 })).toEqual([]);
});

test('parseProcess() reads a process whose name has spaces and parentheses', () => {
  const stat = '42 (a (b) c) S 7 20 20 0 -1 4194304';
  expect(parseProcess(stat, 'chromium\0--type=gpu\0')).toEqual({
    pid: 42,
    parent: 7,
    session: 20,
    isZombie: false,
    command: ['chromium', '--type=gpu', ''],
  });
  expect(parseProcess('43 (x) Z 1 43 43 0', '').isZombie).toBe(true);
});

test('killBrowser() kills a process that is stopped, and its child in another session', async () => {
  const directory = aTemporaryDirectory();
  // A shell stands for the browser: its arguments name the profile, and it starts a child that breaks away.
  const script = 'setsid sleep 60 & kill -STOP $$; wait';
  const child = spawn('/bin/sh', ['-c', script, `--user-data-dir=${directory}`], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  expect(await killBrowser({ profileDirectory: directory, pid: child.pid }, 5_000)).toBe(true);
  expect((await exited)[1]).toBe('SIGKILL');
});

test('killBrowser() has nothing to do where no browser runs', async () => {
  expect(await killBrowser({ profileDirectory: aTemporaryDirectory() }, 0)).toBe(true);
});
