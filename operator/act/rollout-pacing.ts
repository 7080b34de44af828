import type { Caches } from '../observe/caches.ts';
import type { ObservedSessionEnd } from '../plan/observed.ts';
import { isBeingRenewed } from '../plan/rollout.ts';
import type { SessionKey } from '../resource/names.ts';
import type { Pacing, Wake } from './pacing.ts';
import { createTurns } from './turns.ts';

/**
 * Lets so many sessions at a time make way for another image or other defaults. Which of them are away is told by the
 * objects alone, so that a new leader counts the same; a session that does not become ready again keeps its place.
 */
export function createRolloutPacing(options: {
  readonly limits: { readonly concurrent: number };
  readonly caches: Pick<Caches, 'sessions' | 'sessionEnds'>;
  readonly wake: Wake;
}): Pacing {
  const { limits, caches, wake } = options;
  const endsOf = new Map<SessionKey, Map<string, ObservedSessionEnd>>();
  const turns = createTurns<SessionKey>({ limits, wake: (key) => wake(key, 'resync') });

  function follow(key: SessionKey): void {
    const session = caches.sessions.get(key);
    if (session !== undefined && isBeingRenewed(session, [...(endsOf.get(key)?.values() ?? [])])) turns.began(key);
    else turns.ended(key);
  }
  caches.sessions.onChange(follow);
  caches.sessionEnds.onChange((_key, now, before) => {
    const key = now?.sessionKey ?? before?.sessionKey;
    if (key === undefined) return;
    const ends = endsOf.get(key) ?? new Map<string, ObservedSessionEnd>();
    if (before !== undefined) ends.delete(before.uid);
    if (now !== undefined) ends.set(now.uid, now);
    if (ends.size === 0) endsOf.delete(key);
    else endsOf.set(key, ends);
    follow(key);
  });

  return {
    allows(key, _observed, { turn }) {
      if (turn === 'rollout') return turns.take(key, 'byItself');
      turns.settle(key);
      return true;
    },
    settle: turns.settle,
    clear: turns.clear,
  };
}
