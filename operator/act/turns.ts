import { type QueueClock, realClock } from '../watch/delayed-keys.ts';

/** What bounds how fast turns are given, over all keys. */
export interface TurnLimits {
  /** Turns that may be under way at once. */
  readonly concurrent: number;
  /** A token bucket: turns a second in the long run, and how many at once after a pause. Absent: no bound. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /** What is under way counts for so many milliseconds at most. Absent: until it is told to have ended. */
  readonly countsForMs?: number;
}

/** Whether somebody asked for what waits, or it is wished by Berth itself. What was asked for goes first, mostly. */
export type Wish = 'asked' | 'byItself';

/** Gives turns to keys, first come, first served; every key that stays in line gets its turn. */
export interface Turns<K extends string> {
  /** Whether the key has its turn, or is under way anyhow. If not it waits in line, and is woken when it has: it need not ask in between. */
  take(key: K, wish: Wish): boolean;
  /** The key has used its turn, or does not want one any more. Without `began` in between, what it held is free again. */
  readonly settle: (key: K) => void;
  /** What the turn was for is seen to be under way. Without a turn, too: it counts all the same. */
  began(key: K): void;
  /** It is not under way any more. */
  ended(key: K): void;
  readonly underWay: number;
  readonly waiting: number;
  /** Forgets who waits and who has a turn: somebody else leads now. */
  readonly clear: () => void;
}

/** After so many turns in a row for what was asked for, one goes to what waits beside it, so that nothing starves. */
const askedInARowAtMost = 3;

/** Starts with a full bucket and nothing under way. `wake` is called for each key that waited, when it has its turn. */
export function createTurns<K extends string>(options: {
  readonly limits: TurnLimits;
  readonly wake: (key: K, wish: Wish) => void;
  readonly clock?: QueueClock;
}): Turns<K> {
  const { limits, wake, clock = realClock } = options;
  const { concurrent, rate, countsForMs } = limits;
  const lines: Readonly<Record<Wish, Set<K>>> = { asked: new Set(), byItself: new Set() };
  /** Have their turn and have not settled it. */
  const admitted = new Set<K>();
  /** In the order in which they came. */
  const underWay = new Map<K, { readonly sinceMs: number; begun: boolean }>();
  let tokens = rate?.burst ?? 0;
  let filledAtMs = clock.nowMs();
  let askedInARow = 0;
  let timer: unknown;

  const waiting = () => lines.asked.size + lines.byItself.size;
  const hasToken = () => rate === undefined || tokens >= 1;

  /** Gives out what there is to give, and sets the timer for the next. `asking` knows without being woken. */
  function serve(asking?: K): void {
    const nowMs = clock.nowMs();
    if (rate !== undefined) tokens = Math.min(rate.burst, tokens + ((nowMs - filledAtMs) / 1000) * rate.perSecond);
    filledAtMs = nowMs;
    forgetOld(nowMs);
    while (waiting() > 0 && hasToken() && underWay.size < concurrent) {
      const { key, wish } = firstInLine();
      if (rate !== undefined) tokens -= 1;
      admitted.add(key);
      underWay.set(key, { sinceMs: nowMs, begun: false });
      if (key !== asking) wake(key, wish);
    }
    schedule(nowMs);
  }

  function firstInLine(): { key: K; wish: Wish } {
    const others = lines.byItself.size > 0;
    const wish: Wish = lines.asked.size > 0 && (!others || askedInARow < askedInARowAtMost) ? 'asked' : 'byItself';
    askedInARow = wish === 'asked' && others ? askedInARow + 1 : 0;
    for (const key of lines[wish]) {
      lines[wish].delete(key);
      return { key, wish };
    }
    throw new RangeError('Cannot give a turn: nobody waits');
  }

  function forgetOld(nowMs: number): void {
    if (countsForMs === undefined) return;
    for (const [key, { sinceMs }] of underWay) {
      if (nowMs - sinceMs < countsForMs) return;
      underWay.delete(key);
      admitted.delete(key);
    }
  }

  function schedule(nowMs: number): void {
    if (timer !== undefined) clock.clearTimer(timer);
    timer = undefined;
    const waitMs = waiting() === 0 ? undefined : msUntilNext(nowMs);
    if (waitMs === undefined) return;
    timer = clock.setTimer(
      () => {
        timer = undefined;
        serve();
      },
      Math.max(1, Math.ceil(waitMs)),
    );
  }

  /** Undefined when only an end can make room. */
  function msUntilNext(nowMs: number): number | undefined {
    if (underWay.size < concurrent) return rate === undefined ? 0 : ((1 - tokens) / rate.perSecond) * 1000;
    const oldest = underWay.values().next().value;
    return oldest === undefined || countsForMs === undefined ? undefined : oldest.sinceMs + countsForMs - nowMs;
  }

  return {
    take(key, wish) {
      // What is under way already needs no other turn: an image that mends a broken one reaches those that wait for it.
      if (admitted.has(key) || underWay.has(key)) return true;
      if (wish === 'asked') lines.byItself.delete(key);
      if (!lines.asked.has(key)) lines[wish].add(key);
      serve(key);
      return admitted.has(key);
    },

    settle(key) {
      const left = lines.asked.delete(key) || lines.byItself.delete(key);
      const had = admitted.delete(key);
      if (had && underWay.get(key)?.begun === false) underWay.delete(key);
      if (left || had) serve();
    },

    began(key) {
      const entry = underWay.get(key);
      if (entry === undefined) underWay.set(key, { sinceMs: clock.nowMs(), begun: true });
      else entry.begun = true;
    },

    ended(key) {
      const entry = underWay.get(key);
      if (entry === undefined) return;
      if (admitted.has(key)) entry.begun = false;
      else if (underWay.delete(key)) serve();
    },

    get underWay() {
      return underWay.size;
    },
    get waiting() {
      return waiting();
    },

    clear() {
      lines.asked.clear();
      lines.byItself.clear();
      admitted.clear();
      for (const [key, { begun }] of underWay) if (!begun) underWay.delete(key);
      if (timer !== undefined) clock.clearTimer(timer);
      timer = undefined;
    },
  };
}
