import type { Condition } from '../resource/whatsapp-session.ts';
import { endMessage } from './end-reason.ts';
import type { Observed, ObservedPod, ObservedSession } from './observed.ts';
import { isHeld } from './recovery.ts';
import { startBlockedBy } from './start-blocked.ts';

/** What a condition says, without the times around it. */
export type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });

/** What the condition Ready is judged by, beside the session. */
type Sight = Pick<Observed, 'pod' | 'nowMs' | 'draining'>;

/** Whether messages can be sent now, and if not, why and what to do. */
export function readyCondition(observed: Sight, session: ObservedSession, failure?: string): Verdict {
  const { pod } = observed;
  if (pod === undefined || pod.sessionUid !== session.uid) return withoutPod(observed, session, failure);
  const { run, report } = session.status;
  if (pod.deletionRequested || pod.container.state === 'terminated' || (run?.uid === pod.uid && run.ending))
    return terminating(session, pod);
  if (report?.runUid !== pod.uid) {
    const blocked = startBlockedBy(pod);
    return blocked === undefined
      ? no('Starting', 'The pod was created and has not reported yet')
      : no('StartBlocked', blocked);
  }
  const told = report.message ? `: ${report.message}` : '';
  switch (report.state) {
    case 'ready':
      return isAnswering(pod, report.stateSince)
        ? { status: 'True', reason: 'Ready', message: 'The session is connected' }
        : no(
            'NotResponding',
            'The pod said it was ready, but its readiness probe fails; it may be wedged: to end it at once, set spec.desiredState to Killed',
          );
    case 'waiting_for_pairing':
      return no(
        'WaitingForPairing',
        `A QR code waits to be scanned in WhatsApp under Linked devices: kubectl exec ${pod.name} -- node session-pod/local.ts qr`,
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

/** The probe began to fail only after the engine had said it is ready: before that it has not yet seen it. */
function isAnswering(pod: ObservedPod, stateSince: string | undefined): boolean {
  if (pod.ready || pod.readyChangedAtMs === undefined || stateSince === undefined) return true;
  return pod.readyChangedAtMs <= Date.parse(stateSince);
}

/** One sentence for all of the end, since each other one would be a write more. */
function terminating({ status: { run } }: ObservedSession, pod: ObservedPod): Verdict {
  const reason = run?.uid === pod.uid ? run.ending?.reason : undefined;
  return no(
    'Terminating',
    reason === undefined ? 'The run has ended or is being ended' : `The run is being ended: ${reason}`,
  );
}

function withoutPod({ nowMs, draining }: Sight, session: ObservedSession, failure: string | undefined): Verdict {
  if (failure !== undefined) return no('ReconcileFailed', failure);
  const { spec, status, deletionRequested } = session;
  if (deletionRequested) return no('Terminating', 'The session is being deleted');
  if (draining) return no('Draining', 'Berth is being uninstalled: the session starts again when it is back');
  if (spec.desiredState === 'Stopped')
    return no('Stopped', 'The session is stopped: set spec.desiredState to Running to start it');
  if (spec.desiredState === 'Killed')
    return no('Killed', 'The session was killed: set spec.desiredState to Running to start it');
  const { lastEnd, recovery } = status;
  if (lastEnd !== undefined && isHeld(session))
    return no(
      'Held',
      `${endMessage(lastEnd.reason)} (${lastEnd.reason}), so no run is started: mend it, then set spec.restartedAt to the present time`,
    );
  if (lastEnd !== undefined && recovery?.nextRestartAt !== undefined && Date.parse(recovery.nextRestartAt) > nowMs)
    return no('BackingOff', `The last run ended (${lastEnd.reason}); the next starts at ${recovery.nextRestartAt}`);
  return no('Starting', 'The pod is about to be created');
}

/** Whether a device is linked; unknown until a run has said. */
export function pairedCondition({ status: { report } }: ObservedSession): Verdict {
  if (report?.state === 'waiting_for_pairing')
    return no('WaitingForPairing', 'No device is linked: scan the QR code in WhatsApp under Linked devices');
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
      `Posts cannot be signed: there is no Secret and key "${missing}" in this namespace; create it`,
    );
  if (undelivered !== undefined && undelivered.lastError !== undefined)
    return no(
      'DeliveryFailed',
      `${undelivered.count} session_end not delivered yet, tried again with backoff: ${undelivered.lastError}`,
    );
  return { status: 'True', reason: 'WebhooksReady', message: 'Nothing stands against the webhooks' };
}
