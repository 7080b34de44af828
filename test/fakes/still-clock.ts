import type { QueueClock } from '@berth/operator/watch/delayed-keys.ts';

/** A clock that stands still until it is moved on. */
export function aStillClock(): QueueClock & { advance(ms: number): void; readonly timers: number } {
  let nowMs = 0;
  let last = 0;
  const timers = new Map<number, { dueMs: number; run: () => void }>();
  return {
    nowMs: () => nowMs,
    setTimer(run, delayMs) {
      timers.set(++last, { dueMs: nowMs + delayMs, run });
      return last;
    },
    clearTimer: (timer) => void timers.delete(timer as number),
    get timers() {
      return timers.size;
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...timers]
          .filter(([, { dueMs }]) => dueMs <= untilMs)
          .sort(([, a], [, b]) => a.dueMs - b.dueMs);
        if (next === undefined) break;
        timers.delete(next[0]);
        nowMs = next[1].dueMs;
        next[1].run();
      }
      nowMs = untilMs;
    },
  };
}
