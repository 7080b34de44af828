import type { Condition, Phase, RunStatus, WhatsAppSessionStatus } from '../resource/whatsapp-session.ts';
import { bounded } from './bounded-text.ts';
import { pairedCondition, readyCondition, type Verdict, webhooksCondition } from './conditions.ts';
import type { Observed, ObservedNode, ObservedPod, ObservedSession, ObservedSessionEnd } from './observed.ts';
import { isOver } from './old-view.ts';
import { recoveryAfter } from './recovery.ts';
import { stuckCondition } from './stuck.ts';

/** What a person reads first; made from the conditions, and no rule reads it. */
const phaseOfReason: Readonly<Record<string, Phase>> = {
  Ready: 'Ready',
  NotResponding: 'Reconnecting',
  NodeUnreachable: 'Reconnecting',
  Reconnecting: 'Reconnecting',
  WaitingForPairing: 'WaitingForPairing',
  Connecting: 'Connecting',
  Starting: 'Starting',
  StartBlocked: 'Starting',
  Terminating: 'Terminating',
  EndNotRecorded: 'Terminating',
  Stopped: 'Stopped',
  Killed: 'Stopped',
  Draining: 'Stopped',
  BackingOff: 'Pending',
  Paced: 'Pending',
  Held: 'Failed',
  ClaimInUse: 'Failed',
  NotAllowed: 'Failed',
  RecoveryExhausted: 'Failed',
  PairingTimeout: 'Stopped',
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
  return { ...next, ...presentation(observed, { ...session, status: next }, session, failure) };
}

type Derived = Pick<WhatsAppSessionStatus, 'observedGeneration' | 'phase' | 'conditions'>;

function presentation(
  observed: Observed,
  session: ObservedSession,
  before: ObservedSession,
  failure?: string,
): Derived {
  return derived(observed, session, before, {
    Ready: readyCondition(observed, session, failure),
    Stuck: stuckCondition(observed, session, storedCondition(before, 'Stuck')),
    Paired: pairedCondition(session),
    WebhooksReady: webhooksCondition(observed, session),
  });
}

/**
 * What follows from a report: the receiver writes it together with the report, in one write. Conditions that a report has
 * no part in stay as they are.
 * @param session with the new report in its status
 * @param before the session as it is stored
 * @param node that of the pod, if it is known
 */
export function reportedStatus(
  session: ObservedSession,
  pod: ObservedPod,
  before: ObservedSession,
  nowMs: number,
  node?: Pick<ObservedNode, 'bootId'>,
): Derived & Pick<WhatsAppSessionStatus, 'run'> {
  const run = runStatus({ pod, ...(node === undefined ? {} : { node }) }, session);
  // The receiver has not acted on a newer spec: that is for the leader to say.
  const { observedGeneration: generation = session.generation } = before.status;
  return {
    ...derived({ nowMs }, { ...session, generation }, before, {
      Ready: readyCondition({ pod, nowMs, draining: false }, session),
      Stuck: stuckCondition({ pod, nowMs }, session, storedCondition(before, 'Stuck')),
      Paired: pairedCondition(session),
    }),
    // A first report may come before the leader has written of the run, which is the leader's to write.
    ...(run !== undefined && session.status.run?.uid === pod.uid ? { run } : {}),
  };
}

const storedCondition = ({ status }: ObservedSession, type: string): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

function derived(
  { nowMs }: Pick<Observed, 'nowMs'>,
  session: ObservedSession,
  before: ObservedSession,
  verdicts: Readonly<Record<string, Verdict | undefined>>,
): Derived {
  const stored = before.status.conditions ?? [];
  const judged = Object.entries(verdicts).flatMap(([type, verdict]) => {
    if (verdict === undefined) return [];
    const old = stored.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === verdict.status ? old.lastTransitionTime : rfc3339Seconds(nowMs);
    const message = bounded(verdict.message);
    return [{ type, ...verdict, message, observedGeneration: session.generation, lastTransitionTime }];
  });
  const others = stored.filter(({ type }) => !(type in verdicts));
  const ready = verdicts['Ready'];
  return {
    observedGeneration: session.generation,
    phase: phaseOfReason[ready?.reason ?? ''] ?? 'Pending',
    conditions: [...judged, ...others],
  };
}

/** Kubernetes writes times without fractions; with them, each read would look like a change. */
const rfc3339Seconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function runStatus(
  { pod, sessionEnd, node }: Pick<Observed, 'pod' | 'sessionEnd'> & { readonly node?: Pick<ObservedNode, 'bootId'> },
  session: ObservedSession,
): RunStatus | undefined {
  const known = session.status.run;
  if (pod === undefined || pod.sessionUid !== session.uid || isOver(pod, session)) {
    // Kept until its end is recorded: it is what tells that there was a run at all.
    return known !== undefined && sessionEnd?.runUid !== known.uid ? known : undefined;
  }
  // Of the first sight alone: a later one may be of after a restart of the machine.
  const bootId = pod.container.state === 'running' ? node?.bootId : undefined;
  return {
    ...(bootId === undefined ? {} : { bootId }),
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
  const { reason, endedAt, name, terminationConfirmed, isLost } = sessionEnd;
  const lastEnd: NonNullable<WhatsAppSessionStatus['lastEnd']> = {
    runUid: known.uid,
    number: known.number,
    reason,
    at: endedAt,
    ...(isLost ? {} : { sessionEnd: name }),
    terminationConfirmed,
    ...unconfirmedAt(session, sessionEnd),
    ...(session.spec.restartedAt === undefined ? {} : { restartedAt: session.spec.restartedAt }),
  };
  return { lastEnd, recovery: recoveryAfter(session, sessionEnd) };
}

/** Kept over the ends of later runs: a process that nobody saw end may still take the connection from each of them. */
function unconfirmedAt({ status }: ObservedSession, { terminationConfirmed, createdAtMs }: ObservedSessionEnd) {
  const at = terminationConfirmed ? status.lastEnd?.unconfirmedAt : rfc3339Seconds(createdAtMs);
  return at === undefined ? {} : { unconfirmedAt: at };
}

/** A stop is somebody's word: what held the session, and its count, are forgotten. */
function releasedRecovery({ spec, status }: ObservedSession): WhatsAppSessionStatus['recovery'] {
  const stopped = spec.desiredState === 'Stopped' || spec.desiredState === 'Killed';
  return stopped && status.run === undefined && status.recovery !== undefined ? { restarts: 0 } : status.recovery;
}
