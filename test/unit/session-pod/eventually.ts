import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until `isSo`, at most `withinMs`; then fails with what was seen last. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  isSo: (seen: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const deadlineMs = Date.now() + withinMs;
  for (;;) {
    let seen: T | undefined;
    let failure: unknown;
    try {
      seen = await ask();
      if (isSo(seen)) return seen;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadlineMs) {
      throw new Error(`Not so within ${withinMs} ms; last seen: ${JSON.stringify(seen)}`, { cause: failure });
    }
    await sleep(20);
  }
}
