import { endedRun } from '../ended-run.ts';
import type { Action } from './action.ts';
import { hasNoRun } from './has-no-run.ts';

export const stopOutcomes = ['stopped', 'already_stopped', 'pending'] as const;

/** Ends the run gracefully, which may take as long as spec.termination says. */
export const stop: Action<(typeof stopOutcomes)[number]> = {
  name: 'stop',
  event: 'session_stopped',
  // What was killed is down already, and by an explicit wish that is not to be weakened.
  wish: ({ spec }) =>
    spec.desiredState === 'Stopped' || spec.desiredState === 'Killed' ? undefined : { desiredState: 'Stopped' },
  judge(before, now) {
    if (!hasNoRun(now)) return undefined;
    if (endedRun(before, now) === undefined)
      return {
        outcome: 'already_stopped',
        status: 200,
        message: 'The session had no run; it stays down until it is started',
      };
    return {
      outcome: 'stopped',
      status: 200,
      message: 'The run has ended; the session stays down until it is started',
    };
  },
  pending: {
    outcome: 'pending',
    status: 202,
    message: 'The run is ending and has until spec.termination.gracePeriodSeconds: get the session, or force-kill it',
  },
};
