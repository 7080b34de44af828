import { BerthError } from '@berth/protocol';

/** Something did not come to an end in its time; it may still do so later. */
export class DeadlineExceededError extends BerthError {
  readonly code = 'DEADLINE_EXCEEDED';
  readonly retryable = true;
  constructor(what: string, withinMs: number) {
    super(`Cannot ${what}: no answer within ${withinMs} ms; look for a hung engine or volume`);
  }
}

/**
 * Gives the result of a promise, or fails after `withinMs`. The work behind the promise goes on unheard.
 * @param what completes "Cannot …"
 * @throws {DeadlineExceededError} time ran out
 */
export async function withDeadline<T>(promise: Promise<T>, withinMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceededError(what, withinMs)), withinMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
