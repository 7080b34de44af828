import type { Phase, RunStatus, WhatsAppSessionStatus } from '../resource/whatsapp-session.ts';
import { pairedCondition, readyCondition, type Verdict, webhooksCondition } from './conditions.ts';
import type { Observed, ObservedSession } from './observed.ts';
import { recoveryAfter } from './recovery.ts';

/** What a person reads first; made from the conditions, and no rule reads it. */
const phaseOfReason: Readonly<Record<string, Phase>> = {
  Ready: 'Ready',
  NotResponding: 'Reconnecting',
  Reconnecting: 'Reconnecting',
  WaitingForPairing: 'WaitingForPairing',
  Connecting: 'Connecting',
  Starting: 'Starting',
  StartBlocked: 'Starting',
  Terminating: 'Terminating',
  Stopped: 'Stopped',
  Killed: 'Stopped',
  Draining: 'Stopped',
  BackingOff: 'Pending',
  Held: 'Failed',
  ReconcileFailed: 'Pending',
};

/**
 * The whole status that the leader wants, from the status that is and what is observed. `report` is left as it is: the
 * receiver of reports writes it.
 * @param failure what the last plan failed at, in a sentence; it is told in the condition Ready while nothing runs
 */
export function sessionStatus(observed: Observed, session: ObservedSession, failure?: string): WhatsAppSessionStatus {
  const run = runStatus(observed, session);
  const closed = closedRun(observed, session);
  const recovery = closed?.recovery ?? releasedRecovery(session);
  const { run: _, recovery: __, ...kept } = session.status;
  const next: WhatsAppSessionStatus = {
    ...kept,
    ...(closed === undefined ? {} : { lastEnd: closed.lastEnd }),
    ...(run === undefined ? {} : { run }),
    ...(recovery === undefined ? {} : { recovery }),
  };
  return { ...next, ...presentation({ ...observed, session: { ...session, status: next } }, session, failure) };
}

/** The derived part of the status: what the receiver of reports writes together with a report, in one write. */
export function presentation(
  observed: Observed,
  before: ObservedSession,
  failure?: string,
): Pick<WhatsAppSessionStatus, 'observedGeneration' | 'phase' | 'conditions'> {
  const session = observed.session ?? before;
  const ready = readyCondition(observed, session, failure);
  const verdicts: [string, Verdict | undefined][] = [
    ['Ready', ready],
    ['Paired', pairedCondition(session)],
    ['WebhooksReady', webhooksCondition(observed, session)],
  ];
  const conditions = verdicts.flatMap(([type, verdict]) => {
    if (verdict === undefined) return [];
    const old = before.status.conditions?.find((condition) => condition.type === type);
    const same = old?.status === verdict.status;
    return [
      {
        type,
        ...verdict,
        observedGeneration: session.generation,
        lastTransitionTime: same ? old.lastTransitionTime : rfc3339Seconds(observed.nowMs),
      },
    ];
  });
  return { observedGeneration: session.generation, phase: phaseOfReason[ready.reason] ?? 'Pending', conditions };
}

/** Kubernetes writes times without fractions; with them, each read would look like a change. */
const rfc3339Seconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function runStatus({ pod, sessionEnd }: Observed, session: ObservedSession): RunStatus | undefined {
  const known = session.status.run;
  if (pod === undefined || pod.sessionUid !== session.uid) {
    // Kept until its end is recorded: it is what tells that there was a run at all.
    return known !== undefined && sessionEnd?.runUid !== known.uid ? known : undefined;
  }
  return {
    ...(known?.uid === pod.uid ? known : {}),
    uid: pod.uid,
    number: pod.runNumber ?? 1,
    startedAt: rfc3339Seconds(pod.createdAtMs),
    ...(pod.nodeName === undefined ? {} : { node: pod.nodeName }),
  };
}

/** The run whose pod is gone and whose end is recorded moves into `lastEnd`, together with how to go on. */
function closedRun({ pod, sessionEnd }: Observed, session: ObservedSession) {
  const known = session.status.run;
  if (known === undefined || pod?.uid === known.uid || sessionEnd?.runUid !== known.uid) return undefined;
  const { reason, endedAt, name, terminationConfirmed } = sessionEnd;
  const lastEnd: NonNullable<WhatsAppSessionStatus['lastEnd']> = {
    runUid: known.uid,
    number: known.number,
    reason,
    at: endedAt,
    sessionEnd: name,
    terminationConfirmed,
    ...(session.spec.restartedAt === undefined ? {} : { restartedAt: session.spec.restartedAt }),
  };
  return { lastEnd, recovery: recoveryAfter(session, sessionEnd) };
}

/** A stop is somebody's word: what held the session, and its count, are forgotten. */
function releasedRecovery({ spec, status }: ObservedSession): WhatsAppSessionStatus['recovery'] {
  const stopped = spec.desiredState === 'Stopped' || spec.desiredState === 'Killed';
  return stopped && status.run === undefined && status.recovery !== undefined ? { restarts: 0 } : status.recovery;
}
