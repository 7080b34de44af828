import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startDeadline } from '../../../../operator/kubernetes/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('startDeadline() aborts when its time is over', () => {
  const deadline = startDeadline(1_000);
  vi.advanceTimersByTime(999);
  expect(deadline.signal.aborted).toBe(false);
  expect(deadline.remainingMs()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(deadline.signal.aborted).toBe(true);
  expect(deadline.expired).toBe(true);
});

test('startDeadline() passes the abort of its caller on, and is not expired then', () => {
  const outer = new AbortController();
  const deadline = startDeadline(1_000, outer.signal);
  outer.abort(new Error('stop'));
  expect(deadline.signal.reason).toEqual(new Error('stop'));
  expect(deadline.expired).toBe(false);
  expect(startDeadline(1_000, outer.signal).signal.aborted).toBe(true);
});

test('end() frees the timer', () => {
  const deadline = startDeadline(1_000);
  deadline.end();
  expect(vi.getTimerCount()).toBe(0);
  expect(deadline.signal.aborted).toBe(false);
});
