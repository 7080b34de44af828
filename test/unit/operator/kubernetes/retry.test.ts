import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitter, sleep } from '../../../../operator/kubernetes/retry.ts';

test('fullJitter() stays between 0 and the exponential bound', () => {
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(2_000), fc.integer({ min: 1, max: 5_000 }), fraction, (attempt, baseMs, random) => {
      const ms = fullJitter(attempt, baseMs, 30_000, () => random);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(Math.min(30_000, baseMs * 2 ** attempt));
    }),
  );
});

test.each([
  { attempt: 0, ms: 99 },
  { attempt: 1, ms: 199 },
  { attempt: 2, ms: 399 },
  { attempt: 10, ms: 999 },
])('fullJitter() doubles its bound up to the maximum: attempt $attempt', ({ attempt, ms }) => {
  expect(fullJitter(attempt, 100, 1_000, () => 0.999_9)).toBe(ms);
});

test('sleep() ends at once with the reason of an aborted signal', async () => {
  const reason = new Error('enough');
  await expect(sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const sleeping = sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
});
