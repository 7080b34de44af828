import type { ObservedSessionEnd } from '../plan/observed.ts';
import type { SessionKey } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

/** Finds the records of ends by their run, wherever they lie, and those of a session that a sink has not taken yet. */
export interface SessionEndIndex {
  ofRun(runUid: string): ObservedSessionEnd | undefined;
  undelivered(key: SessionKey): { readonly count: number; readonly lastError?: string } | undefined;
  /** Records whose delivery is not over, of all sessions. */
  readonly pending: number;
}

/** Keeps the index current from the cache's changes; it must be made before the cache is filled. */
export function indexSessionEnds(ends: SlimCache<ObservedSessionEnd>): SessionEndIndex {
  /** A record that is moved into the operator's namespace is there twice for a moment; either tells. */
  const byRun = new Map<string, readonly ObservedSessionEnd[]>();
  const unsettled = new Map<SessionKey, Map<string, ObservedSessionEnd>>();
  let pending = 0;
  ends.onChange((_key, now, before) => {
    if (before !== undefined) {
      const others = (byRun.get(before.runUid) ?? []).filter(({ uid }) => uid !== before.uid);
      if (others.length > 0) byRun.set(before.runUid, others);
      else byRun.delete(before.runUid);
      const open = unsettled.get(before.sessionKey);
      if (open?.delete(before.uid)) pending--;
      if (open?.size === 0) unsettled.delete(before.sessionKey);
    }
    if (now === undefined) return;
    byRun.set(now.runUid, [now, ...(byRun.get(now.runUid) ?? [])]);
    if (now.settled) return;
    const open = unsettled.get(now.sessionKey) ?? new Map<string, ObservedSessionEnd>();
    unsettled.set(now.sessionKey, open.set(now.uid, now));
    pending++;
  });
  return {
    ofRun: (runUid) => byRun.get(runUid)?.[0],
    undelivered(key) {
      const open = unsettled.get(key);
      if (open === undefined) return undefined;
      const lastError = [...open.values()].find((end) => end.lastError !== undefined)?.lastError;
      return { count: open.size, ...(lastError === undefined ? {} : { lastError }) };
    },
    get pending() {
      return pending;
    },
  };
}
