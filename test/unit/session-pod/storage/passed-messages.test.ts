import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPassedMessages } from '@berth/session-pod/storage/passed-messages.ts';
import { expect, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { silentLog } from '../silent-log.ts';

const aFile = () => join(aTemporaryDirectory(), 'messages.json');

test('isNew() lets each message pass once, also in the next process', () => {
  const file = aFile();
  const first = openPassedMessages(file, 0, silentLog);
  expect(first.isNew('a', 1_000)).toBe(true);
  expect(first.isNew('a', 1_000)).toBe(false);
  first.flush();
  const next = openPassedMessages(file, 0, silentLog);
  expect(next.isNew('a', 1_000)).toBe(false);
  expect(next.isNew('b', 2_000)).toBe(true);
  next.flush();
});

test('wasMissed() knows what was sent since the pairing and did not pass', () => {
  const passed = openPassedMessages(aFile(), 10_000, silentLog);
  passed.isNew('a', 11_000);
  expect(passed.wasMissed()('a', 11_000)).toBe(false);
  expect(passed.wasMissed()('b', 12_000)).toBe(true);
  expect(passed.wasMissed()('of old', 9_000)).toBe(false);
  passed.beginAt(20_500);
  expect(passed.wasMissed()('b', 12_000)).toBe(false);
  expect(passed.wasMissed()('c', 20_000)).toBe(true); // WhatsApp's time has no milliseconds.
  passed.flush();
});

test('wasMissed() takes what is older than all that is remembered for passed', () => {
  const passed = openPassedMessages(aFile(), 0, silentLog, 2);
  for (const [id, at] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const)
    passed.isNew(id, at);
  expect(passed.wasMissed()('x', 0)).toBe(false);
  expect(passed.wasMissed()('y', 2)).toBe(true);
  passed.flush();
});

test('wasMissed() judges all of one look by what was known at its beginning', () => {
  const passed = openPassedMessages(aFile(), 0, silentLog, 2);
  const wasMissed = passed.wasMissed();
  for (const [id, at] of [
    ['a', 5],
    ['b', 6],
    ['c', 7],
  ] as const)
    expect(wasMissed(id, at) && passed.isNew(id, at)).toBe(true);
  expect(wasMissed('of another chat', 4)).toBe(true);
  expect(passed.wasMissed()('of another chat', 4)).toBe(false);
  passed.flush();
});

test('openPassedMessages() begins anew on a damaged file, and bears a folder that is gone', () => {
  const file = aFile();
  writeFileSync(file, '{"sinceMs":');
  const passed = openPassedMessages(file, 5, silentLog);
  expect(passed.isNew('a', 6)).toBe(true);
  passed.flush();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ sinceMs: 5, passed: [['a', 6]] });
  const lost = openPassedMessages(join(file, 'nowhere', 'x'), 0, silentLog);
  lost.isNew('a', 1);
  lost.flush();
});
