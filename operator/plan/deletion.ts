import { type Plan, step } from './action.ts';
import { ownsClaim } from './claim-use.ts';
import { gracefulEnd } from './graceful-end.ts';
import type { Observed, ObservedSession } from './observed.ts';

/** A session that is being deleted: its run ends, then its claim goes, its finalizer last. */
export function deletion(observed: Observed): Plan | undefined {
  const { session, pod, claim, claimIsShared } = observed;
  if (session === undefined || !session.deletionRequested) return undefined;
  if (pod !== undefined) return gracefulEnd(observed, pod, session, 'deleted');
  if (!session.hasFinalizer) return step('AwaitingRemoval');
  const leftMs = claimIsShared ? leftOnVolumeMs(observed, session) : 0;
  if (leftMs > 0) return { ...step('AwaitingDeath'), requeueAfterMs: leftMs };
  const erases = ownsClaim(session) && (session.spec.storage?.retention?.whenDeleted ?? 'Delete') === 'Delete';
  // A session that waits for the claim, or already has it, names it as its existing one: that is never removed.
  if (erases && !claimIsShared && claim !== undefined && !claim.deletionRequested)
    return step('Releasing', { type: 'DeleteClaim', uid: claim.uid }, { type: 'RemoveSessionFinalizer' });
  return step('Releasing', { type: 'RemoveSessionFinalizer' });
}

/** For how long a process whose death nobody confirmed may still use the volume, which the next session takes at once. */
function leftOnVolumeMs(
  { sessionEnd, nowMs, config }: Observed,
  { status: { run, lastEnd } }: ObservedSession,
): number {
  // The end of a run that vanished is recorded, and no longer written into the status of a session that goes.
  const { terminationConfirmed = true, at } =
    run !== undefined && sessionEnd !== undefined ? { ...sessionEnd, at: sessionEnd.endedAt } : { at: '', ...lastEnd };
  return terminationConfirmed ? 0 : Date.parse(at) + config.unconfirmedWaitMs - nowMs;
}
