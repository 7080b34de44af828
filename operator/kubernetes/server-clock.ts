/** The API server's clock, as far as its `Date` headers tell it. */
export interface ServerClock {
  /** Whole milliseconds since the epoch. May step back when a better reading comes. */
  nowMs(): number;
  /**
   * Takes in one answer.
   * @param dateHeader cut to whole seconds by HTTP: the true time is up to one second later.
   * @param sentAtMs and `receivedAtMs`: monotonic, between which the header was written.
   */
  learn(dateHeader: string, sentAtMs: number, receivedAtMs: number): void;
}

/**
 * Each answer bounds the offset to an interval; their intersection soon is far narrower than the header's second.
 * Inside it the own wall clock wins: where both machines keep time, nothing is distorted.
 */
export function createServerClock({
  monotonicMs = () => performance.now(),
  wallMs = () => Date.now(),
}: {
  monotonicMs?: () => number;
  wallMs?: () => number;
} = {}): ServerClock {
  // Bounds of (server's time - monotonic time).
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  return {
    nowMs() {
      const own = wallMs() - monotonicMs();
      return Math.floor(monotonicMs() + Math.min(Math.max(own, low), high));
    },
    learn(dateHeader, sentAtMs, receivedAtMs) {
      const secondMs = Date.parse(dateHeader);
      if (Number.isNaN(secondMs)) return;
      const newLow = secondMs - receivedAtMs;
      const newHigh = secondMs + 999 - sentAtMs;
      const contradicts = newLow > high || newHigh < low;
      // One of the clocks was set, or has drifted: what was known before is void.
      low = contradicts ? newLow : Math.max(low, newLow);
      high = contradicts ? newHigh : Math.min(high, newHigh);
    },
  };
}
