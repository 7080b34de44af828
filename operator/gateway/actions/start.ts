import type { ObservedSession } from '../../plan/observed.ts';
import { isHeld } from '../../plan/recovery.ts';
import type { Action } from './action.ts';

export const startOutcomes = ['started', 'already_running', 'pending'] as const;

/** Lets a session run that was stopped or killed, or that Berth has given up. */
export const start: Action<(typeof startOutcomes)[number]> = {
  name: 'start',
  event: 'session_started',
  wish(before, nowMs) {
    const isWanted = (before.spec.desiredState ?? 'Running') === 'Running';
    if (isWanted && !isHeld(before)) return undefined;
    return {
      desiredState: 'Running',
      // What Berth does not start by itself any more is started by a wish that is newer than its last run.
      ...(isHeld(before) ? { restartedAt: new Date(nowMs).toISOString() } : {}),
    };
  },
  judge(before, now) {
    const run = now?.status.run;
    if (run === undefined || run.ending !== undefined || now?.status.observedGeneration !== now?.generation)
      return undefined;
    if (run.uid === before.status.run?.uid)
      return { outcome: 'already_running', status: 200, message: 'The session has a run' };
    return { outcome: 'started', status: 200, message: messageOf(now) };
  },
  pending: {
    outcome: 'pending',
    status: 202,
    message: 'The session is to run, but has no run yet: get the session, whose conditions say what it waits for',
  },
};

const messageOf = (now: ObservedSession | undefined) =>
  now?.status.report?.account === undefined
    ? 'A run has begun; a session that is not linked yet shows a code soon'
    : 'A run has begun; it logs in by itself';
