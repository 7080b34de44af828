import type { Plan } from './action.ts';
import { gracefulEnd } from './graceful-end.ts';
import type { Observed } from './observed.ts';
import { isOutdated } from './rollout.ts';
import { specHash } from './spec-hash.ts';

/** A living run that shall make way for a new one: a restart was asked for, its settings were changed, or the operator's were. */
export function renewal(observed: Observed): Plan | undefined {
  const { session, pod } = observed;
  if (session === undefined || pod === undefined) return undefined;
  if (isNewer(session.spec.restartedAt, pod.restartedAt)) return gracefulEnd(observed, pod, session, 'restarted');
  if (pod.specHash !== undefined && pod.specHash !== specHash(session.spec))
    return gracefulEnd(observed, pod, session, 'spec_changed');
  // What the operator brought along is not the user's wish: it can wait until the fleet has room for it.
  if (!observed.waitsForTurn && isOutdated(session, pod, observed.config))
    return { ...gracefulEnd(observed, pod, session, 'spec_changed'), turn: 'rollout' };
  return undefined;
}

/**
 * Whether a restart was asked for after the run had started. Compared with what was asked for at its start, not with
 * the time of its start: the clock of whoever asks may be wrong.
 */
export function isNewer(asked: string | undefined, atStart: string | undefined): boolean {
  if (asked === undefined) return false;
  return atStart === undefined || Date.parse(asked) > Date.parse(atStart);
}
