import type { Plan } from './action.ts';
import { gracefulEnd } from './graceful-end.ts';
import type { Observed } from './observed.ts';

/** A living run whose session shall be stopped ends gracefully. */
export function stop(observed: Observed): Plan | undefined {
  const { session, pod } = observed;
  if (session?.spec.desiredState !== 'Stopped' || pod === undefined) return undefined;
  return gracefulEnd(observed, pod, session, 'stopped');
}
