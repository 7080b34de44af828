import type { Caches } from '../observe/caches.ts';
import { isStartAskedFor, isStarting } from '../plan/starting.ts';
import type { SessionKey } from '../resource/names.ts';
import type { QueueClock } from '../watch/delayed-keys.ts';
import type { Pacing, Wake } from './pacing.ts';
import { createTurns } from './turns.ts';

/** How fast runs are started, over all sessions. */
export interface StartLimits {
  /** Starts a second in the long run. */
  readonly perSecond: number;
  /** Starts at once after a pause. */
  readonly burst: number;
  /** Pods that are created and have not reported yet. */
  readonly concurrent: number;
}

/** A pod that has said nothing for so many milliseconds keeps no other from starting: it may never say anything. */
const startingForMs = 120_000;

/**
 * Paces the creation of pods over the fleet: after the loss of a node or an outage of WhatsApp, ten thousand devices must not
 * log in at once. Ends of runs, kills and deletions are not paced.
 */
export function createStartPacing(options: {
  readonly limits: StartLimits;
  readonly caches: Pick<Caches, 'sessions' | 'pods'>;
  readonly wake: Wake;
  /** The API server's clock. */
  readonly nowMs: () => number;
  readonly clock?: QueueClock;
}): Pacing {
  const { caches, wake, nowMs, clock } = options;
  const { perSecond, burst, concurrent } = options.limits;
  const turns = createTurns<SessionKey>({
    limits: { concurrent, rate: { perSecond, burst }, countsForMs: startingForMs },
    wake: (key, wish) => wake(key, wish === 'asked' ? 'user-change' : 'report'),
    ...(clock === undefined ? {} : { clock }),
  });

  /** What becomes of a start is seen in the pod and in the report of it, whoever made it. */
  function follow(key: SessionKey): void {
    const pod = caches.pods.get(key);
    const isUnderWay =
      pod !== undefined && nowMs() - pod.createdAtMs < startingForMs && isStarting(pod, caches.sessions.get(key));
    if (isUnderWay) turns.began(key);
    else turns.ended(key);
  }
  caches.pods.onChange(follow);
  caches.sessions.onChange(follow);

  return {
    allows(key, { session }, { turn }) {
      if (turn === 'start')
        return turns.take(key, session !== undefined && isStartAskedFor(session) ? 'asked' : 'byItself');
      turns.settle(key);
      return true;
    },
    settle: turns.settle,
    clear: turns.clear,
  };
}
