import { type Plan, step } from './action.ts';
import { gracefulEnd } from './graceful-end.ts';
import type { Observed } from './observed.ts';

/** Berth is being uninstalled: the run ends, nothing starts, and the session must be deletable without an operator. */
export function drain(observed: Observed): Plan | undefined {
  const { session, pod, draining } = observed;
  if (!draining || session === undefined) return undefined;
  if (pod !== undefined) return gracefulEnd(observed, pod, session, 'shutdown');
  if (session.status.run === undefined && session.hasFinalizer)
    return step('LettingGo', { type: 'RemoveSessionFinalizer' });
  return step('Drained');
}
