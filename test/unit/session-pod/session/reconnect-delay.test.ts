import { reconnectDelayMs } from '@berth/session-pod/session/reconnect-delay.ts';
import { expect, test } from 'vitest';

test.each([
  { failedDials: 0, random: 0, delayMs: 500 },
  { failedDials: 0, random: 1, delayMs: 1_000 },
  { failedDials: 3, random: 0.5, delayMs: 6_000 },
  { failedDials: 5, random: 1, delayMs: 30_000 },
  { failedDials: 1_000, random: 0, delayMs: 15_000 },
])('reconnectDelayMs() after $failedDials failures and with $random of jitter is $delayMs ms', (given) => {
  expect(reconnectDelayMs(given.failedDials, given.random)).toBe(given.delayMs);
});
