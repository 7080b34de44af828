/** Random numbers that a seed repeats: mulberry32. */
export interface SeededRandom {
  /** From 0 to below 1. */
  next(): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  /** Whole milliseconds from `low` to below `high`. */
  ms(low: number, high: number): number;
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }
  return {
    next,
    pick: <T>(from: readonly [T, ...T[]]) => from[Math.floor(next() * from.length)] ?? from[0],
    ms: (low, high) => Math.floor(low + next() * (high - low)),
  };
}
