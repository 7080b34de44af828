import { firstUntoldLossMs, recentLosses, withLoss } from '@berth/session-pod/session/recent-losses.ts';
import { expect, test } from 'vitest';

test('withLoss() counts every loss and keeps the times of no more than a loop is made of', () => {
  let losses = { reconnects: 0, lostAtMs: [] as readonly number[] };
  for (let atMs = 0; atMs < 3_000; atMs++) losses = withLoss(losses, atMs);
  expect(losses.reconnects).toBe(3_000);
  expect(losses.lostAtMs).toHaveLength(1_001);
  expect(losses.lostAtMs.at(-1)).toBe(2_999);
});

test('recentLosses() counts what lies within the window', () => {
  const losses = { reconnects: 3, lostAtMs: [1_000, 2_000, 3_000] };
  expect(recentLosses(losses, 1_500, 3_000)).toBe(2);
  expect(recentLosses(losses, 2_000, 3_000)).toBe(2); // What is exactly as old as the window is out of it.
  expect(recentLosses(losses, 2_001, 3_000)).toBe(3);
});

test.each([
  { told: 3, atMs: undefined },
  { told: 2, atMs: 3_000 },
  { told: 0, atMs: 1_000 },
])('firstUntoldLossMs() after $told of 3 is $atMs', ({ told, atMs }) => {
  expect(firstUntoldLossMs({ reconnects: 3, lostAtMs: [1_000, 2_000, 3_000] }, told)).toBe(atMs);
});
