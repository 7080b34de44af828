/** A bound in time for one piece of work, tied to its caller's own signal. */
export interface Deadline {
  /** Aborted when the time is over or the caller's signal is. */
  readonly signal: AbortSignal;
  /** Whether the time is over, as opposed to the caller having given up. */
  readonly expired: boolean;
  remainingMs(): number;
  /** Must be called when the work is done: it frees the timer and the listener. */
  end(): void;
}

/**
 * Starts a deadline of `ms` milliseconds.
 * `AbortSignal.any` is not used: it keeps a reference for as long as the caller's signal lives, which here is the process.
 */
export function startDeadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const endsAt = performance.now() + ms;
  let expired = false;
  const onOuterAbort = () => controller.abort(outer?.reason);
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
  }, ms);
  if (outer?.aborted) onOuterAbort();
  else outer?.addEventListener('abort', onOuterAbort, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    remainingMs: () => endsAt - performance.now(),
    end() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onOuterAbort);
    },
  };
}
