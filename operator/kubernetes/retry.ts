/**
 * Backoff with full jitter: evenly between 0 and the exponential bound, so that many clients never come back together.
 * @param attempt 0 for the first repetition.
 * @param baseMs bound of the first repetition, in milliseconds; it doubles with each attempt up to `maxMs`.
 * @param random from 0 up to but not including 1.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitter(attempt: number, baseMs: number, maxMs: number, random: () => number): number {
  // 2 ** 1024 is Infinity, which Math.min bounds like any other.
  return Math.floor(random() * Math.min(maxMs, baseMs * 2 ** attempt));
}

/**
 * Waits `ms` milliseconds.
 * @throws the signal's reason as soon as it is aborted.
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
