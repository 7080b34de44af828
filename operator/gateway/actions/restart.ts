import type { ObservedSession } from '../../plan/observed.ts';
import type { Action } from './action.ts';
import { assertWantedRunning } from './assert-wanted-running.ts';

export const restartOutcomes = ['restarted', 'pending'] as const;

/** Ends the run gracefully and starts another. One that is under way already is joined. */
export const restart: Action<(typeof restartOutcomes)[number]> = {
  name: 'restart',
  event: 'session_restarted',
  wish(before, nowMs) {
    assertWantedRunning(before, 'restart');
    return isRestarting(before) ? undefined : { restartedAt: new Date(nowMs).toISOString() };
  },
  judge(before, now) {
    const run = now?.status.run;
    if (run === undefined || run.uid === before.status.run?.uid || run.ending !== undefined) return undefined;
    if (now?.status.observedGeneration !== now?.generation) return undefined;
    return {
      outcome: 'restarted',
      status: 200,
      message: 'Another run has begun; get the session to see how it comes up',
    };
  },
  pending: {
    outcome: 'pending',
    status: 202,
    message: 'The restart is under way: the run before has until spec.termination.gracePeriodSeconds. Get the session',
  },
};

const isRestarting = ({ status }: ObservedSession) => status.run?.ending?.reason === 'restarted';
