import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a promise to settle either way, at most `withinMs`; false when the time ran out first. Never throws. */
export async function settlesWithin(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const expired = sleep(withinMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([settled, expired]);
  } finally {
    timer.abort();
  }
}
