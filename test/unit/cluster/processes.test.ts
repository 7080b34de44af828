import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processesIn, startTimeInStat, startTimeOf } from '../../cluster/processes.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-processes-'));
});
afterEach(async () => {
  const processes = processesIn(dir);
  await processes.stop(await processes.names(), 0);
  await rm(dir, { recursive: true });
});

test('startTimeInStat() counts fields behind the name, whatever the name holds', () => {
  const fields = Array.from({ length: 40 }, (_, index) => `f${index + 3}`);
  expect(startTimeInStat(`7 (a) (b c) ${['S', ...fields.slice(1)].join(' ')}`)).toBe('f22');
});

test('startTimeInStat() takes a zombie for gone', () => {
  expect(startTimeInStat(`7 (a) Z ${'1 '.repeat(40)}`)).toBeUndefined();
});

test('start() starts a process once, and stop() ends it', async () => {
  const processes = processesIn(dir);
  await processes.start('sleeper', '/bin/sleep', ['60']);
  await processes.start('sleeper', '/bin/false', []);
  expect(await processes.isRunning('sleeper')).toBe(true);
  await processes.stop(['sleeper'], 5000);
  expect(await processesIn(dir).names()).toEqual([]);
});

test('stop() leaves a process alone that only has the recorded id', async () => {
  const processes = processesIn(dir);
  await processes.start('gone', '/bin/true', []);
  await writeFile(join(dir, 'pid', 'gone'), JSON.stringify({ pid: process.pid, startTime: '1' }));
  await processes.stop(['gone'], 0);
  expect(startTimeOf(process.pid)).toBeDefined();
});

test('stop() kills a process that does not heed SIGTERM', async () => {
  const processes = processesIn(dir);
  await processes.start('deaf', '/bin/sh', ['-c', 'trap "" TERM; while :; do sleep 1; done']);
  await processes.stop(['deaf'], 100);
  expect(await processes.isRunning('deaf')).toBe(false);
});

test('mustRun() throws with the end of the log of a process that has ended', async () => {
  const processes = processesIn(dir);
  await processes.start('broken', '/bin/sh', ['-c', 'echo no such flag >&2; exit 1']);
  await expect.poll(() => processes.isRunning('broken')).toBe(false);
  await expect(processes.mustRun('broken')).rejects.toThrow('no such flag');
});
