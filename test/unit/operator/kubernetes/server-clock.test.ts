import { expect, test } from 'vitest';
import { createServerClock } from '../../../../operator/kubernetes/server-clock.ts';

const epochMs = Date.parse('2026-01-01T00:00:00Z');

/** A clock whose machine is `wallErrorMs` ahead of the server. */
function aClock(wallErrorMs: number) {
  let monotonicMs = 0;
  const clock = createServerClock({
    monotonicMs: () => monotonicMs,
    wallMs: () => epochMs + monotonicMs + wallErrorMs,
  });
  return {
    clock,
    serverMs: () => epochMs + monotonicMs,
    /** One request that takes `tripMs`, answered in its middle. */
    request(afterMs: number, tripMs: number) {
      const sentAtMs = monotonicMs + afterMs;
      monotonicMs = sentAtMs + tripMs;
      const header = new Date(epochMs + sentAtMs + tripMs / 2).toUTCString();
      clock.learn(header, sentAtMs, monotonicMs);
    },
    setServer(header: string) {
      clock.learn(header, monotonicMs, monotonicMs);
    },
  };
}

test('nowMs() is the own clock as long as nothing is known', () => {
  const { clock, serverMs } = aClock(5_000);
  expect(clock.nowMs()).toBe(serverMs() + 5_000);
});

test('nowMs() keeps the own clock where the headers do not contradict it', () => {
  const machine = aClock(30);
  for (const afterMs of [100, 770, 430]) machine.request(afterMs, 10);
  expect(machine.clock.nowMs()).toBeCloseTo(machine.serverMs() + 30, 0);
});

test('nowMs() comes within some milliseconds of the server although its headers name whole seconds', () => {
  const machine = aClock(3_600_000);
  for (let index = 0; index < 200; index++) machine.request(137, 6);
  expect(Math.abs(machine.clock.nowMs() - machine.serverMs())).toBeLessThan(25);
});

test('learn() follows a clock that was set', () => {
  const machine = aClock(0);
  machine.request(0, 10);
  machine.setServer('Thu, 01 Jan 2026 01:00:00 GMT');
  expect(machine.clock.nowMs()).toBeGreaterThanOrEqual(epochMs + 3_600_000);
  expect(machine.clock.nowMs()).toBeLessThan(epochMs + 3_601_000);
});

test('nowMs() gives whole milliseconds: session pods refuse a time with a fraction', () => {
  const clock = createServerClock({ monotonicMs: () => 1_234.567, wallMs: () => epochMs });
  clock.learn('Thu, 01 Jan 2026 00:00:00 GMT', 1_200.25, 1_230.5);
  expect(clock.nowMs() % 1).toBe(0);
});

test('learn() ignores a header that is no date', () => {
  const machine = aClock(0);
  machine.setServer('soon');
  expect(machine.clock.nowMs()).toBe(epochMs);
});
