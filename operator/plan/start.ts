import { type Action, type Plan, step } from './action.ts';
import { ownsClaim } from './claim-use.ts';
import { claimManifest, podManifest } from './manifests.ts';
import type { Observed, ObservedSession } from './observed.ts';
import { isHeld } from './recovery.ts';
import { startRefusal } from './start-refusal.ts';

/** Creates the next run, once the one before it is closed in the status and its wait is over. */
export function start(observed: Observed): Plan | undefined {
  const { session, pod, claim, config } = observed;
  if (session === undefined || pod !== undefined || session.status.run !== undefined) return undefined;
  if ((session.spec.desiredState ?? 'Running') !== 'Running' || isHeld(session)) return undefined;
  const refusal = startRefusal(observed, session);
  if (refusal !== undefined) return step(refusal.reason); // Heals with the session, the holder or the configuration.
  const waitMs = waitMsBeforeStart(session, observed);
  if (waitMs > 0) return { ...step('BackingOff'), requeueAfterMs: waitMs };
  if (ownsClaim(session) && claim?.deletionRequested) return step('AwaitingClaimRemoval'); // The watch tells when it is gone.
  if (observed.waitsForTurn) return step('AwaitingTurn'); // It is woken when it has it.
  const actions: Action[] = [{ type: 'PublishTrust' }, { type: 'ConfirmSession' }];
  if (ownsClaim(session) && claim === undefined) actions.push({ type: 'CreateClaim', claim: claimManifest(session) });
  actions.push({ type: 'CreatePod', pod: podManifest(session, config) });
  if (!session.hasFinalizer) actions.push({ type: 'AddSessionFinalizer' });
  return { ...step('Starting', ...actions), turn: 'start' };
}

/** The backoff after a crash, and time for a process whose death nobody confirmed: its object was removed by force. */
function waitMsBeforeStart({ status: { recovery, lastEnd } }: ObservedSession, { nowMs, config }: Observed): number {
  const backoffMs = recovery?.nextRestartAt === undefined ? 0 : Date.parse(recovery.nextRestartAt) - nowMs;
  const unconfirmed = lastEnd !== undefined && lastEnd.terminationConfirmed === false;
  const deathMs = unconfirmed ? Date.parse(lastEnd.at) + config.unconfirmedWaitMs - nowMs : 0;
  return Math.max(backoffMs, deathMs);
}
