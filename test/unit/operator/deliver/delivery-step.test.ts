import { expect, test } from 'vitest';
import {
  type DeliveryStep,
  deliveryStep,
  giveUpAtMs,
  isReplayable,
} from '../../../../operator/deliver/delivery-step.ts';
import type { SessionEnd } from '../../../../operator/resource/session-end.ts';
import { aSessionEnd, createdAt, createdAtMs } from './a-session-end.ts';

const hourMs = 3_600_000;
const times = { giveUpAfterMs: 24 * hourMs, keepDeliveredMs: 24 * hourMs, keepGivenUpMs: 168 * hourMs };
const one = { url: 'https://one.example.com/' };
const two = { url: 'https://two.example.com/' };
const attempted = { attempts: 1, lastAttemptAt: createdAt };
const delivered = { ...attempted, deliveredAt: createdAt };
const deleted = { deletionTimestamp: createdAt };
const released = { finalizers: [] };
const replay = { 'berth.dev/replay': 'now' };

const step = (end: SessionEnd, afterMs = 0): DeliveryStep =>
  deliveryStep(end, { nowMs: createdAtMs + afterMs, operatorNamespace: 'berth-system', times });

test.each<[string, SessionEnd, number, DeliveryStep]>([
  ['a fresh record', aSessionEnd({ sinks: [one, two] }), 0, { type: 'attempt', sinks: [one, two] }],
  ['a sink named twice', aSessionEnd({ sinks: [one, { ...one }] }), 0, { type: 'attempt', sinks: [one] }],
  [
    'one of two sinks done',
    aSessionEnd({
      sinks: [one, two],
      status: { delivered: 'False', deliveries: [{ sink: one.url, ...delivered }] },
    }),
    0,
    { type: 'attempt', sinks: [two] },
  ],
  [
    'the next attempt not due',
    aSessionEnd({ status: { delivered: 'False', nextAttemptAt: '2026-01-01T00:00:05Z' } }),
    1_000,
    { type: 'wait', forMs: 4_000 },
  ],
  [
    'the next attempt due',
    aSessionEnd({ sinks: [one], status: { delivered: 'False', nextAttemptAt: '2026-01-01T00:00:05Z' } }),
    5_000,
    { type: 'attempt', sinks: [one] },
  ],
  [
    'a record that nobody tried for days',
    aSessionEnd({ sinks: [one] }),
    90 * hourMs,
    { type: 'attempt', sinks: [one] },
  ],
  ['an undelivered one that is being deleted', aSessionEnd({ metadata: deleted }), 0, { type: 'move' }],
  [
    "the same in the operator's namespace",
    aSessionEnd({ sinks: [one], metadata: { ...deleted, namespace: 'berth-system' } }),
    0,
    { type: 'attempt', sinks: [one] },
  ],
  [
    'all sinks done',
    aSessionEnd({ sinks: [one], status: { delivered: 'True', deliveries: [{ sink: one.url, ...delivered }] } }),
    0,
    { type: 'release' },
  ],
  [
    'one that was given up and is wanted again',
    aSessionEnd({ metadata: { ...released, annotations: replay }, status: { delivered: 'GivenUp' } }),
    100 * hourMs,
    { type: 'replay' },
  ],
  [
    'an asked-for replay of nothing',
    aSessionEnd({ sinks: [], metadata: { annotations: replay } }),
    0,
    { type: 'replay' },
  ],
  [
    'a replay of what is being deleted',
    aSessionEnd({ metadata: { ...released, ...deleted, annotations: replay }, status: { delivered: 'GivenUp' } }),
    0,
    { type: 'nothing' },
  ],
  ['a sink given up', aSessionEnd({ status: { delivered: 'GivenUp' } }), 0, { type: 'release' }],
  ['no sinks', aSessionEnd({ sinks: [], metadata: released }), hourMs, { type: 'wait', forMs: 23 * hourMs }],
  ['no sinks, after a day', aSessionEnd({ sinks: [], metadata: released }), 24 * hourMs, { type: 'remove' }],
  ['released and deleted', aSessionEnd({ sinks: [], metadata: { ...released, ...deleted } }), 0, { type: 'nothing' }],
  [
    'delivered late',
    aSessionEnd({
      sinks: [one],
      metadata: released,
      status: { delivered: 'True', deliveries: [{ sink: one.url, ...delivered, deliveredAt: '2026-01-01T02:00:00Z' }] },
    }),
    24 * hourMs,
    { type: 'wait', forMs: 2 * hourMs },
  ],
  [
    'given up, kept for a week after the last attempt',
    aSessionEnd({
      sinks: [one],
      metadata: released,
      status: {
        delivered: 'GivenUp',
        deliveries: [{ sink: one.url, ...attempted, lastAttemptAt: '2026-01-02T00:00:00Z' }],
      },
    }),
    191 * hourMs,
    { type: 'wait', forMs: hourMs },
  ],
])('deliveryStep() of %s', (_name, end, afterMs, expected) => {
  expect(step(end, afterMs)).toEqual(expected);
});

test('giveUpAtMs() counts from the replay, if there was one', () => {
  expect(giveUpAtMs(aSessionEnd(), times)).toBe(createdAtMs + times.giveUpAfterMs);
  const replayed = aSessionEnd({ status: { replayedAt: '2026-01-03T00:00:00Z' } });
  expect(giveUpAtMs(replayed, times)).toBe(Date.parse('2026-01-04T00:00:00Z'));
});

test('isReplayable() is what was given up and has a sink left', () => {
  expect(isReplayable(aSessionEnd({ status: { delivered: 'GivenUp' } }))).toBe(true);
  expect(isReplayable(aSessionEnd({ status: { delivered: 'False' } }))).toBe(false);
  expect(isReplayable(aSessionEnd({ sinks: [], status: { delivered: 'GivenUp' } }))).toBe(false);
});
