import type { Condition } from '../resource/whatsapp-session.ts';
import { type Plan, step } from './action.ts';
import { isLost } from './fence.ts';
import { gracefulEnd } from './graceful-end.ts';
import { mayBeDeleted } from './hold-pod.ts';
import type { Observed, ObservedPod, ObservedSession } from './observed.ts';
import { maxRestartsOf } from './recovery.ts';
import { probeNoticedMs, type StuckReason, type Symptom, symptomOf } from './symptom.ts';

/** A run that makes no progress: what is seen, and for how long. */
export interface Stuck {
  readonly reason: StuckReason;
  readonly message: string;
}

/** What a run is judged by. */
type Sight = Pick<Observed, 'pod' | 'session' | 'nowMs' | 'symptomSinceMs' | 'node'>;

/** Whether the run is stuck by now; undefined when it is not, or may not be yet. */
export function stuckRun(observed: Sight): Stuck | undefined {
  const symptom = symptomOf(observed);
  if (symptom === undefined || observed.session === undefined || leftMs(symptom, observed) > 0) return undefined;
  const forSeconds = `for more than ${symptom.limitSeconds} s`;
  const lasts = symptom.limitSeconds === 0 ? symptom.seen : `${symptom.seen} (${forSeconds})`;
  return { reason: symptom.reason, message: `${lasts}. ${remedy(symptom.reason, observed, observed.session)}` };
}

/** Milliseconds until the run would be stuck, or its time to be paired would be over; undefined when nothing runs out. */
export function nextDeadlineMs(observed: Sight): number | undefined {
  const symptom = symptomOf(observed);
  const { nowMs, symptomSinceMs = nowMs } = observed;
  const waitsMs = [
    symptom && leftMs(symptom, observed),
    symptom?.reason === 'Unresponsive' ? symptomSinceMs + probeNoticedMs - nowMs : undefined, // It is told before.
    pairingLeftMs(observed),
  ];
  const ahead = waitsMs.filter((waitMs) => waitMs !== undefined && waitMs > 0);
  return ahead.length === 0 ? undefined : Math.min(...(ahead as number[]));
}

/** Ends a run that is stuck, as the policy says, and one that nobody paired in time. */
export function stuck(observed: Observed): Plan | undefined {
  const { session, pod } = observed;
  if (session === undefined || pod === undefined) return undefined;
  if ((pairingLeftMs(observed) ?? 1) <= 0) return gracefulEnd(observed, pod, session, 'pairing_timeout');
  const verdict = stuckRun(observed);
  if (verdict === undefined || policyOf(session) === 'None' || !isEndedWhenStuck(verdict.reason)) return undefined;
  return step(
    'EndingStuckRun',
    {
      type: 'MarkEnding',
      runUid: pod.uid,
      reason: verdict.reason === 'StartTimeout' ? 'start_timeout' : 'stuck',
    },
    ...(mayBeDeleted(pod) ? [{ type: 'DeletePod', uid: pod.uid } as const] : []),
  );
}

/** A start that is blocked heals when its cause goes: another pod would meet the same. */
const isEndedWhenStuck = (reason: StuckReason): boolean => reason !== 'StartBlocked';

/**
 * Whether the session makes no progress. It stays True while the stuck run is ended and another one is tried, until that
 * one has got somewhere: an alert must not flap.
 * @param before the condition as it is stored
 */
export function stuckCondition(
  observed: Sight,
  session: ObservedSession,
  before: Condition | undefined,
): Pick<Condition, 'status' | 'reason' | 'message'> {
  const living = { ...observed, session: withoutStuckEnd(session, observed.pod) };
  const now = stuckRun(living);
  if (now !== undefined) return { status: 'True', ...now };
  // Who takes a report has not timed anything: what the leader said of the same symptom stays.
  const isSame = observed.symptomSinceMs === undefined && symptomOf(living)?.reason === before?.reason;
  // An end that took too long is over once there is no pod: it must not be told of the next run.
  const isRecovery = before?.reason !== 'TerminationTimeout' && isBeingRecovered(session, observed.pod);
  if (before?.status === 'True' && (isSame || isRecovery))
    return { status: 'True', reason: before.reason, message: before.message };
  return { status: 'False', reason: 'NotStuck', message: 'Nothing takes longer than it may' };
}

/** The run as it was when its end was decided because it was stuck: that is what the condition tells of. */
function withoutStuckEnd(session: ObservedSession, pod: ObservedPod | undefined): ObservedSession {
  const { run } = session.status;
  if (pod === undefined || pod.deletionRequested || run?.uid !== pod.uid || !isStuckEnd(run.ending?.reason))
    return session;
  const { ending: _, ...living } = run;
  return { ...session, status: { ...session.status, run: living } };
}

/** From the decision to end a stuck run until a later run waits for a person or is ready. */
function isBeingRecovered({ uid, spec, status }: ObservedSession, pod: ObservedPod | undefined): boolean {
  const { run, report, lastEnd, recovery } = status;
  if ((spec.desiredState ?? 'Running') !== 'Running' || recovery?.held !== undefined) return false;
  if (pod !== undefined && pod.sessionUid === uid && run?.uid === pod.uid && run.ending !== undefined)
    return isStuckEnd(run.ending.reason);
  const gotSomewhere =
    pod !== undefined && report?.runUid === pod.uid && ['ready', 'waiting_for_pairing'].includes(report.state);
  return !gotSomewhere && isStuckEnd(run?.ending?.reason ?? lastEnd?.reason);
}

const isStuckEnd = (reason: string | undefined): boolean => reason === 'stuck' || reason === 'start_timeout';

const policyOf = ({ spec }: ObservedSession): 'Restart' | 'Stop' | 'None' => spec.recovery?.policy ?? 'Restart';

/** Milliseconds that a symptom may still last, by this leader's own sight: the clocks of nodes may be wrong. */
function leftMs({ limitSeconds }: Symptom, { nowMs, symptomSinceMs = nowMs }: Sight): number {
  return symptomSinceMs + limitSeconds * 1000 - nowMs;
}

/** Milliseconds that a QR or pairing code may still wait; undefined when none waits, or there is no limit. */
function pairingLeftMs({ pod, session, nowMs }: Sight): number | undefined {
  if (pod === undefined || session === undefined || pod.sessionUid !== session.uid) return undefined;
  const { report, run } = session.status;
  const limitSeconds = session.spec.pairing?.timeoutSeconds ?? 3600;
  if (report?.runUid !== pod.uid || report.state !== 'waiting_for_pairing' || limitSeconds === 0) return undefined;
  if (pod.deletionRequested || run?.ending !== undefined) return undefined;
  // Not from the report's time: an engine gives one code after the other, and with each its state may begin anew.
  const startedAtMs = pod.container.state === 'running' ? Math.max(pod.container.startedAtMs, pod.createdAtMs) : nowMs;
  return startedAtMs + limitSeconds * 1000 - nowMs;
}

function remedy(reason: StuckReason, { node }: Sight, session: ObservedSession): string {
  if (node !== undefined && isLost(node))
    return `Its node "${node.name}" cannot be reached: the run is given up when that lasts for the operator's fence timeout`;
  if (reason === 'StartBlocked') return 'It starts by itself once the cause is gone';
  if (reason === 'TerminationTimeout')
    return 'No other run starts before its end is confirmed: look at the node and its kubelet';
  switch (policyOf(session)) {
    case 'Restart':
      return `The run is ended at once and another one started, ${maxRestartsOf(session)} times in a row at most (spec.recovery.maxRestarts)`;
    case 'Stop':
      return 'The run is ended at once, and the session stays down (spec.recovery.policy is Stop)';
    case 'None':
      return 'Nothing is done (spec.recovery.policy is None): set spec.desiredState to Killed to end the run';
  }
}
