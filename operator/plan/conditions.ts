import type { Condition } from '../resource/whatsapp-session.ts';
import { endMessage } from './end-reason.ts';
import { isLost } from './fence.ts';
import { pairsByCode } from './login-env.ts';
import type { Observed, ObservedNode, ObservedPod, ObservedSession } from './observed.ts';
import { isHeld } from './recovery.ts';
import { startBlockedBy } from './start-blocked.ts';
import { type RefusalSight, startRefusal } from './start-refusal.ts';
import { probeNoticedMs } from './symptom.ts';

/** What a condition says, without the times around it. */
export type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });

/** What the condition Ready is judged by, beside the session. */
type Sight = Pick<Observed, 'pod' | 'nowMs' | 'draining' | 'endRefusal' | 'symptomSinceMs'> &
  Partial<Pick<Observed, 'waitsForTurn' | 'node'>> &
  RefusalSight;

/** Whether messages can be sent now, and if not, why and what to do. */
export function readyCondition(observed: Sight, session: ObservedSession, failure?: string): Verdict {
  const { pod } = observed;
  if (pod === undefined || pod.sessionUid !== session.uid) return withoutPod(observed, session, failure);
  const { run, report } = session.status;
  if (pod.deletionRequested || pod.container.state === 'terminated' || (run?.uid === pod.uid && run.ending))
    return terminating(session, pod, observed.endRefusal);
  if (observed.node !== undefined && isLost(observed.node)) return no('NodeUnreachable', unreachable(observed.node));
  if (report?.runUid !== pod.uid) {
    const blocked = startBlockedBy(pod);
    return blocked === undefined
      ? no('Starting', 'The pod was created and has not reported yet')
      : no('StartBlocked', blocked);
  }
  const told = report.message ? `: ${report.message}` : '';
  switch (report.state) {
    case 'ready':
      return isAnswering(observed, pod, report.stateSince)
        ? { status: 'True', reason: 'Ready', message: 'The session is connected' }
        : no(
            'NotResponding',
            'The pod said it was ready, but its readiness probe fails; it may be wedged: to end it at once, set spec.desiredState to Killed',
          );
    case 'waiting_for_pairing':
      return no(
        'WaitingForPairing',
        pairsByCode(session.spec)
          ? `A code waits to be entered in WhatsApp under Linked devices: kubectl exec ${pod.name} -- node session-pod/local.ts pairing-code`
          : `A QR code waits to be scanned in WhatsApp under Linked devices: kubectl exec ${pod.name} -- node session-pod/local.ts qr`,
      );
    case 'reconnecting':
      return no('Reconnecting', `The connection was lost and is being made again${told}`);
    case 'stopping':
      return no('Terminating', 'The pod is stopping');
    case 'connecting':
    case 'authenticated':
      return no('Connecting', `The pod runs and is connecting to WhatsApp${told}`);
  }
}

/** What the pod says is of before, and the countdown is not told: each second of it would be a write. */
function unreachable({ name, exists }: ObservedNode): string {
  const what = exists ? `Node "${name}" is not ready` : `The object of node "${name}" is gone, which ends no process`;
  return `${what}, so nobody knows whether the run lives: if it is not back within the fence timeout, the run is given up as node_lost and the next one starts elsewhere`;
}

/**
 * Before the engine says it is ready the probe fails, and it takes a moment to notice: a run that never answered it is told
 * by the time that this leader has seen it fail.
 */
function isAnswering(
  { nowMs, symptomSinceMs = nowMs }: Sight,
  pod: ObservedPod,
  stateSince: string | undefined,
): boolean {
  if (pod.ready || pod.readyChangedAtMs === undefined || stateSince === undefined) return true;
  return pod.readyChangedAtMs <= Date.parse(stateSince) && nowMs - symptomSinceMs < probeNoticedMs;
}

/** One sentence for all of the end, since each other one would be a write more. */
function terminating({ status: { run } }: ObservedSession, pod: ObservedPod, endRefusal?: string): Verdict {
  if (endRefusal !== undefined)
    return no(
      'EndNotRecorded',
      `The run has ended, and its pod is kept because the record of that is refused: ${endRefusal}`,
    );
  const reason = run?.uid === pod.uid ? run.ending?.reason : undefined;
  return no(
    'Terminating',
    reason === undefined ? 'The run has ended or is being ended' : `The run is being ended: ${reason}`,
  );
}

function withoutPod(sight: Sight, session: ObservedSession, failure: string | undefined): Verdict {
  const { nowMs, draining } = sight;
  if (failure !== undefined) return no('ReconcileFailed', failure);
  const { spec, status, deletionRequested } = session;
  if (deletionRequested) return no('Terminating', 'The session is being deleted');
  if (draining) return no('Draining', 'Berth is being uninstalled: the session starts again when it is back');
  if (spec.desiredState === 'Stopped')
    return no('Stopped', 'The session is stopped: set spec.desiredState to Running to start it');
  if (spec.desiredState === 'Killed')
    return no('Killed', 'The session was killed: set spec.desiredState to Running to start it');
  const { lastEnd, recovery } = status;
  if (lastEnd !== undefined && recovery?.held === 'exhausted' && isHeld(session))
    return no(
      'RecoveryExhausted',
      `The session was started again ${recovery.restarts} times in a row, which is all that spec.recovery.maxRestarts allows, and ended once more (${lastEnd.reason}): mend the cause, then set spec.restartedAt to the present time`,
    );
  if (lastEnd !== undefined && recovery?.held === 'pairing_timeout' && isHeld(session))
    return no(
      'PairingTimeout',
      `Nobody ${pairsByCode(session.spec) ? 'entered the pairing code' : 'scanned the QR code'} within spec.pairing.timeoutSeconds: set spec.restartedAt to the present time for a new one`,
    );
  if (lastEnd !== undefined && isHeld(session))
    return no(
      'Held',
      `${endMessage(lastEnd.reason)} (${lastEnd.reason}), so no run is started: mend it, then set spec.restartedAt to the present time`,
    );
  const refusal = startRefusal(sight, session);
  if (refusal !== undefined) return no(refusal.reason, refusal.message);
  if (lastEnd !== undefined && recovery?.nextRestartAt !== undefined && Date.parse(recovery.nextRestartAt) > nowMs)
    return no('BackingOff', `The last run ended (${lastEnd.reason}); the next starts at ${recovery.nextRestartAt}`);
  if (sight.waitsForTurn)
    return no(
      'Paced',
      'Many sessions start now: the pod is created when it is its turn, as the operator is configured',
    );
  return no('Starting', 'The pod is about to be created');
}

/** Whether a device is linked; unknown until a run has said. */
export function pairedCondition(session: ObservedSession): Verdict {
  const { report } = session.status;
  if (report?.state === 'waiting_for_pairing')
    return no(
      'WaitingForPairing',
      `No device is linked: ${pairsByCode(session.spec) ? 'enter the pairing code' : 'scan the QR code'} in WhatsApp under Linked devices`,
    );
  if (report?.account !== undefined)
    return { status: 'True', reason: 'Paired', message: 'The credentials of a linked device are stored' };
  return { status: 'Unknown', reason: 'NotReported', message: 'No run has said yet whether a device is linked' };
}

/** Whether the session's webhooks can be served; undefined when it has none. */
export function webhooksCondition(
  { missingSecrets, undelivered }: Observed,
  { spec }: ObservedSession,
): Verdict | undefined {
  if ((spec.webhooks ?? []).length === 0) return undefined;
  const [missing] = missingSecrets;
  if (missing !== undefined)
    return no(
      'SecretMissing',
      `There is no Secret and key "${missing}" in this namespace, so the operator's own key signs instead: create it`,
    );
  if (undelivered !== undefined && undelivered.lastError !== undefined)
    return no(
      'DeliveryFailed',
      `${undelivered.count} session_end not delivered yet, tried again with backoff: ${undelivered.lastError}`,
    );
  return { status: 'True', reason: 'WebhooksReady', message: 'Nothing stands against the webhooks' };
}
