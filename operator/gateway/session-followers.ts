import type { ObservedSession } from '../plan/observed.ts';
import type { SessionKey } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

type Follower = (now: ObservedSession | undefined) => void;

/** Tells whoever waits for one session of its changes: a cache knows only listeners to everything, which stay for ever. */
export interface SessionFollowers {
  /** Calls at each change, with undefined when the session is gone. @returns ends it */
  follow(key: SessionKey, follower: Follower): () => void;
  /**
   * Waits until `judge` has an answer, at once or after a change; undefined after `withinMs`, or when `signal` aborts.
   */
  until<Answer>(
    key: SessionKey,
    judge: (now: ObservedSession | undefined) => Answer | undefined,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<Answer | undefined>;
}

export function followSessions(sessions: SlimCache<ObservedSession>): SessionFollowers {
  const followers = new Map<SessionKey, Set<Follower>>();
  sessions.onChange((key, now) => {
    for (const follower of followers.get(key) ?? []) follower(now);
  });

  function follow(key: SessionKey, follower: Follower) {
    const here = followers.get(key) ?? new Set();
    followers.set(key, here.add(follower));
    return () => {
      here.delete(follower);
      if (here.size === 0 && followers.get(key) === here) followers.delete(key);
    };
  }

  return {
    follow,
    until(key, judge, withinMs, signal) {
      return new Promise((resolve, reject) => {
        const at = judge(sessions.get(key));
        if (at !== undefined || withinMs <= 0 || signal.aborted) return resolve(at);
        const end = (answer: typeof at) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          stop();
          resolve(answer);
        };
        const onAbort = () => end(undefined);
        const timer = setTimeout(onAbort, withinMs);
        signal.addEventListener('abort', onAbort);
        const stop = follow(key, (now) => {
          try {
            const answer = judge(now);
            if (answer !== undefined) end(answer);
          } catch (error) {
            end(undefined);
            reject(error); // A judge that throws is a bug; after the end, which settles nothing twice.
          }
        });
      });
    },
  };
}
