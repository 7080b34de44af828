import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRunEnd } from '@berth/session-pod/run/run-end.ts';
import type { ShutdownStep } from '@berth/session-pod/run/shutdown.ts';
import { expect, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { eventually } from '../eventually.ts';
import { silentLog } from '../silent-log.ts';

function aRunEnd(steps: readonly ShutdownStep[], terminationLog = join(aTemporaryDirectory(), 'words')) {
  const exits: number[] = [];
  const runEnd = createRunEnd({
    terminationLog,
    steps,
    exit: (code) => exits.push(code),
    nowMs: Date.now,
    log: silentLog,
  });
  return { runEnd, exits, words: () => JSON.parse(readFileSync(terminationLog, 'utf8')) as unknown };
}
const hangs: ShutdownStep = { what: 'hang', withinMs: 60_000, run: () => new Promise(() => {}) };

test('createRunEnd() says the words first, and does every step whatever becomes of the others', async () => {
  const done: string[] = [];
  const { runEnd, exits, words } = aRunEnd([
    { what: 'first', withinMs: 100, run: () => void done.push(JSON.stringify(words())) },
    { what: 'throw', withinMs: 100, run: () => Promise.reject(new Error('no')) },
    {
      what: 'throw at once',
      withinMs: 100,
      run() {
        throw new Error('no');
      },
    },
    { ...hangs, withinMs: 20 },
    { what: 'last', withinMs: 100, run: () => void done.push('last') },
  ]);
  runEnd.begin({ reason: 'banned', message: 'm' }, 1, 5_000);
  await eventually(
    () => exits,
    (seen) => seen.length > 0,
  );
  expect(exits).toEqual([1]);
  expect(done).toEqual(['{"reason":"banned","message":"m"}', 'last']);
});

test('createRunEnd() exits in time although every step hangs', async () => {
  const { runEnd, exits } = aRunEnd([hangs, hangs, hangs]);
  const startedAtMs = Date.now();
  runEnd.begin({ message: 'm' }, 0, 400);
  await eventually(
    () => exits,
    (seen) => seen.length > 0,
  );
  expect(Date.now() - startedAtMs).toBeLessThan(2_000);
});

test('createRunEnd() keeps the first words and code when asked again, but may end sooner', async () => {
  const { runEnd, exits, words } = aRunEnd([hangs]);
  runEnd.begin({ reason: 'logged_out', message: 'first' }, 1, 60_000);
  runEnd.begin({ message: 'second' }, 0, 20);
  await eventually(
    () => exits,
    (seen) => seen.length > 0,
    2_000,
  );
  expect(exits).toEqual([1]);
  expect(words()).toEqual({ reason: 'logged_out', message: 'first' });
});

test('createRunEnd() exits although its words cannot be written', async () => {
  const { runEnd, exits } = aRunEnd([], join(aTemporaryDirectory(), 'missing', 'words'));
  runEnd.begin({ message: 'm' }, 0, 5_000);
  expect(
    await eventually(
      () => exits,
      (seen) => seen.length > 0,
    ),
  ).toEqual([0]);
});

test('createRunEnd() puts corrected words in the place of the first ones', async () => {
  const { runEnd, exits, words } = aRunEnd([
    { what: 'learn', withinMs: 100, run: () => runEnd.correct({ code: 440, message: 'over' }) },
  ]);
  runEnd.begin({ reason: 'replaced', code: 440, message: 'm' }, 1, 5_000);
  await eventually(
    () => exits,
    (seen) => seen.length > 0,
  );
  expect(words()).toEqual({ code: 440, message: 'over' });
});

test('createRunEnd() leaves later steps the time they need, however long an early one takes', async () => {
  const told: number[] = [];
  const { runEnd, exits } = aRunEnd([
    { what: 'log out', withinMs: 5_000, leavesMs: 800, run: (withinMs) => new Promise(() => told.push(withinMs)) },
    { what: 'close', withinMs: 500, run: (withinMs) => void told.push(withinMs) },
  ]);
  runEnd.begin({ message: 'm' }, 0, 1_200);
  await eventually(
    () => exits,
    (seen) => seen.length > 0,
  );
  expect(exits).toEqual([0]);
  expect(told[0]).toBeLessThanOrEqual(200);
  expect(told[1]).toBe(500);
});
