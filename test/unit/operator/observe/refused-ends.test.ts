import { createRefusedEnds } from '@berth/operator/observe/refused-ends.ts';
import { expect, test } from 'vitest';
import { aSessionEnd } from '../deliver/a-session-end.ts';

const { spec } = aSessionEnd();
const record = { name: 'alice-run-1', spec };
const why = 'exceeded quota';
const everywhere = { why, isEverywhere: true };
const aStore = (random = () => 0.999) => createRefusedEnds({ deadlineMs: 120_000, random });

test('refused() tells the first refusal that leaves no namespace to try', () => {
  const refused = aStore();
  expect(refused.refused(record, { why, isEverywhere: false, nowMs: 0 })?.isFirstEverywhere).toBe(false);
  expect(refused.refused(record, { ...everywhere, nowMs: 10_000 })?.isFirstEverywhere).toBe(true);
  expect(refused.refused(record, { ...everywhere, nowMs: 12_000 })?.isFirstEverywhere).toBe(false);
});

test('refused() backs off, and is back at the 10 s and at the deadline to the millisecond', () => {
  const refused = aStore();
  const seen: number[] = [];
  for (let nowMs = 0; nowMs < 120_000; ) {
    seen.push(nowMs);
    nowMs += refused.refused(record, { ...everywhere, nowMs })?.retryInMs ?? Number.NaN;
    if (nowMs === 120_000) seen.push(nowMs);
  }
  expect(seen).toContain(10_000);
  expect(seen.at(-1)).toBe(120_000);
  expect(seen.length).toBeLessThan(30);
});

test('wait() keeps an attempt from being made earlier, whatever else has changed', () => {
  const refused = aStore();
  expect(refused.wait('run-1', 0)).toBeUndefined();
  const { retryInMs = 0 } = refused.refused(record, { ...everywhere, nowMs: 0 }) ?? {};
  expect(refused.wait('run-1', retryInMs - 1)).toEqual({ ms: 1, why });
  expect(refused.wait('run-1', retryInMs)).toBeUndefined();
});

test('standIn() closes a run only after a refusal past the deadline, and only while that is fresh', () => {
  const refused = aStore();
  refused.refused(record, { ...everywhere, nowMs: 0 });
  // The deadline alone is not enough: whatever refused it may be gone since.
  expect(refused.standIn('run-1', 500_000)).toBeUndefined();
  expect(refused.refused(record, { ...everywhere, nowMs: 120_000 })).toMatchObject({ isGivenUp: true, retryInMs: 0 });
  expect(refused.standIn('run-1', 120_001)).toMatchObject({ runUid: 'run-1', settled: true, isLost: true });
  expect(refused.standIn('run-1', 125_000)).toBeUndefined();
  // Counted once, although it is refused again.
  expect(refused.refused(record, { ...everywhere, nowMs: 130_000 })?.isGivenUp).toBe(false);
});

test('recorded() ends it', () => {
  const refused = aStore();
  refused.refused(record, { ...everywhere, nowMs: 0 });
  expect(refused.why('run-1')).toBe(why);
  refused.recorded('run-1');
  expect(refused.why('run-1')).toBeUndefined();
  expect(refused.sinceMs('run-1')).toBeUndefined();
});
