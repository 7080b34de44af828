/** A point in time by both clocks of this machine, in milliseconds. */
export interface ClockReading {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface LeadershipClock {
  read(): ClockReading;
}

export const systemClock: LeadershipClock = {
  read: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
};

/**
 * Milliseconds that may have passed since a reading: the larger of what the two clocks say.
 * The monotonic clock stands still while a machine is suspended, the wall clock can be set back.
 */
export function elapsedSince(reading: ClockReading, clock: LeadershipClock): number {
  const now = clock.read();
  return Math.max(now.monotonicMs - reading.monotonicMs, now.wallMs - reading.wallMs);
}
