import { endedRun } from '../ended-run.ts';
import type { Action } from './action.ts';
import { hasNoRun } from './has-no-run.ts';

export const forceKillOutcomes = ['killed', 'already_stopped', 'unconfirmed'] as const;

/** Ends the run at once. `desiredState: Killed` stays, so that a later start is somebody's explicit wish. */
export const forceKill: Action<(typeof forceKillOutcomes)[number]> = {
  name: 'force-kill',
  event: 'session_force_killed',
  wish: ({ spec }) => (spec.desiredState === 'Killed' ? undefined : { desiredState: 'Killed' }),
  judge(before, now) {
    if (!hasNoRun(now)) return undefined;
    const end = endedRun(before, now);
    if (end === undefined)
      return {
        outcome: 'already_stopped',
        status: 200,
        message: 'The session had no run; it stays down until it is started',
      };
    if (end.terminationConfirmed)
      return { outcome: 'killed', status: 200, message: 'The run is dead; the session stays down until it is started' };
    return {
      outcome: 'unconfirmed',
      status: 202,
      message: 'The run was given up, but nobody confirmed that its process is dead: look after its node',
    };
  },
  pending: {
    outcome: 'unconfirmed',
    status: 202,
    message: 'The kill is under way and goes on, but is not confirmed yet: get the session, or ask again',
  },
};
