import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError } from '@berth/protocol';

/** A condition did not come true in time. */
export class WaitTimeoutError extends BerthError {
  readonly code = 'WAIT_TIMEOUT';
  readonly retryable = true;
  constructor(what: string, timeoutMs: number, seen: string) {
    super(`Cannot go on: no ${what} within ${timeoutMs} ms, last seen: ${seen}; read the logs`);
  }
}

/**
 * Asks again and again until the answer is there, and gives it.
 * @param look gives the value once it is so, else `{ seen }` for the message of the failure.
 * @throws {WaitTimeoutError} not within `timeoutMs` milliseconds; it says what was seen last.
 */
export async function waitUntil<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<{ readonly value: T } | { readonly seen: string }>,
  everyMs = 100,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const answer = await look();
    if ('value' in answer) return answer.value;
    if (Date.now() > deadlineMs) throw new WaitTimeoutError(what, timeoutMs, answer.seen);
    await sleep(everyMs);
  }
}
