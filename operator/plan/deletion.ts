import { type Plan, step } from './action.ts';
import { gracefulEnd } from './graceful-end.ts';
import type { Observed } from './observed.ts';

/** A session that is being deleted: its run ends, then its claim goes, its finalizer last. */
export function deletion(observed: Observed): Plan | undefined {
  const { session, pod, claim } = observed;
  if (session === undefined || !session.deletionRequested) return undefined;
  if (pod !== undefined) return gracefulEnd(observed, pod, session, 'deleted');
  if (!session.hasFinalizer) return step('AwaitingRemoval');
  const erases = (session.spec.storage?.retention?.whenDeleted ?? 'Delete') === 'Delete';
  if (erases && claim !== undefined && !claim.deletionRequested)
    return step('Releasing', { type: 'DeleteClaim', uid: claim.uid }, { type: 'RemoveSessionFinalizer' });
  return step('Releasing', { type: 'RemoveSessionFinalizer' });
}
