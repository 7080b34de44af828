import type { SessionKey } from '../resource/names.ts';

/**
 * Since when this process has seen what it sees of a session. Times that pods and nodes tell are of clocks that may be
 * wrong by minutes; a new leader begins to count anew, which ends a run too late rather than too early.
 */
export interface Sightings {
  /**
   * @param what names what is seen; undefined when there is nothing to time
   * @returns milliseconds since the epoch when it was first seen, without another thing in between
   */
  since(key: SessionKey, what: string | undefined, nowMs: number): number | undefined;
  /** Counts everything anew: while another one led, nobody here looked. */
  forget(): void;
}

/** Creates the memory: one entry a session that something is timed of, forgotten when that ends. */
export function createSightings(): Sightings {
  const seen = new Map<SessionKey, { readonly what: string; readonly sinceMs: number }>();
  return {
    since(key, what, nowMs) {
      if (what === undefined) {
        seen.delete(key);
        return undefined;
      }
      const known = seen.get(key);
      if (known?.what === what) return known.sinceMs;
      seen.set(key, { what, sinceMs: nowMs });
      return nowMs;
    },
    forget: () => seen.clear(),
  };
}
