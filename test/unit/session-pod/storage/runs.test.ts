import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRuns, recordRun } from '@berth/session-pod/storage/runs.ts';
import { expect, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';

test('recordRun() appends to what readRuns() gives, and a line cut short spoils no other', () => {
  const directory = aTemporaryDirectory();
  expect(readRuns(directory)).toEqual([]);
  recordRun(directory, { runUid: 'run-1', startedAtMs: 1 });
  appendFileSync(join(directory, 'runs.jsonl'), '\n{"runUid":"run-1","end');
  recordRun(directory, { runUid: 'run-2', startedAtMs: 2 });
  recordRun(directory, { runUid: 'run-2', endedAtMs: 3 });
  expect(readRuns(directory)).toEqual([
    { runUid: 'run-1', startedAtMs: 1 },
    { runUid: 'run-2', startedAtMs: 2 },
    { runUid: 'run-2', endedAtMs: 3 },
  ]);
});

test('recordRun() keeps the last 200 records', () => {
  const directory = aTemporaryDirectory();
  for (let number = 1; number <= 203; number += 1)
    recordRun(directory, { runUid: `run-${number}`, startedAtMs: number });
  const runs = readRuns(directory);
  expect(runs).toHaveLength(200);
  expect([runs[0]?.runUid, runs.at(-1)?.runUid]).toEqual(['run-4', 'run-203']);
});
