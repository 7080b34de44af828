import { moreUrgent, type Priority } from './priority.ts';

/** Time as the queue sees it; given by tests. */
export interface QueueClock {
  nowMs(): number;
  setTimer(run: () => void, delayMs: number): unknown;
  clearTimer(timer: unknown): void;
}

export const realClock: QueueClock = {
  nowMs: () => performance.now(),
  setTimer: (run, delayMs) => setTimeout(run, delayMs),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** What setTimeout can wait at most, in milliseconds: beyond it fires at once. */
const longestMs = 2 ** 31 - 1;

/** Keys that are due later: one timer for each key, the earliest. */
export interface DelayedKeys<K> {
  put(key: K, delayMs: number, priority: Priority): void;
  clear(): void;
}

/** Calls `due` for each key when its time has come. */
export function createDelayedKeys<K>(clock: QueueClock, due: (key: K, priority: Priority) => void): DelayedKeys<K> {
  const entries = new Map<K, { readonly dueMs: number; readonly timer: unknown; priority: Priority }>();
  return {
    put(key, delayMs, priority) {
      const boundedMs = Math.min(Math.max(0, delayMs), longestMs);
      const dueMs = clock.nowMs() + boundedMs;
      const before = entries.get(key);
      if (before !== undefined) {
        before.priority = moreUrgent(before.priority, priority);
        if (before.dueMs <= dueMs) return;
        clock.clearTimer(before.timer);
      }
      const fire = () => {
        const entry = entries.get(key);
        entries.delete(key);
        if (entry !== undefined) due(key, entry.priority);
      };
      const timer = clock.setTimer(fire, boundedMs);
      entries.set(key, { dueMs, timer, priority: before?.priority ?? priority });
    },
    clear() {
      for (const { timer } of entries.values()) clock.clearTimer(timer);
      entries.clear();
    },
  };
}
