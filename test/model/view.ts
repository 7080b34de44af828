import type {
  Observed,
  ObservedClaim,
  ObservedContainer,
  ObservedPod,
  ObservedSession,
  ObservedSessionEnd,
} from '@berth/operator/plan/observed.ts';
import type { WhatsAppSessionStatus } from '@berth/operator/resource/whatsapp-session.ts';
import { anObserved, aPod, aReport, aSession, aSessionEnd, at, containers } from '../builders/observed.ts';
import {
  type ClaimObject,
  type EndRecord,
  endOf,
  idOf,
  type Objects,
  type PodObject,
  type SessionObject,
  sessionOf,
} from './objects.ts';

/** A time that is over or not, chosen anew at each look: clocks differ, and no order of looks is taken for granted. */
export const times = ['deadline', 'drain', 'backoff', 'death'] as const;
export type Time = (typeof times)[number];

/** All that one look sees: what `Observed` is made of. */
export interface View {
  readonly session: SessionObject | undefined;
  readonly pod: PodObject | undefined;
  readonly end: EndRecord | undefined;
  readonly claim: ClaimObject | undefined;
  readonly draining: boolean;
  /** The times that are over. */
  readonly over: readonly Time[];
}

/** The view of a key from what is known; undefined when neither a session nor a pod is left. As observe/observe.ts. */
export function viewOf(known: Objects, podInApi: PodObject | undefined, draining: boolean): View | undefined {
  const { session, ends, claim } = known;
  const pod = known.pod ?? unseenPod(session, podInApi, draining);
  if (session === undefined && pod === undefined) return undefined;
  return { session, pod, end: endOf(ends, pod?.uid ?? session?.run?.uid), claim, draining, over: [] };
}

/** Before anything is concluded from the absence of a pod that the status knows, the API server is asked. */
function unseenPod(
  session: SessionObject | undefined,
  podInApi: PodObject | undefined,
  draining: boolean,
): PodObject | undefined {
  if (session?.run !== undefined && podInApi?.uid === session.run.uid) return podInApi;
  const goes = session?.finalizer === true && (session.deleting || draining);
  return goes && podInApi?.session === session.uid ? podInApi : undefined;
}

/** The times that a view is waiting for, over or not. */
export function timesIn({ session, end }: View): Time[] {
  return times.filter((time) => {
    if (time === 'deadline') return session?.run?.ending?.graceful === true;
    if (time === 'drain') return end?.settled === false;
    if (time === 'backoff') return session?.recovery === 'backoff';
    return session?.lastEnd?.confirmed === false;
  });
}

/** Tells views apart. */
export function keyOf({ session, pod, end, claim, draining, over }: View): string {
  return [idOf(session), idOf(pod), idOf(end), idOf(claim), draining, ...over].join();
}

const runUid = (uid: number) => `run-${uid}`;
const sessionUid = (uid: number) => `session-${uid}`;
/** The number in `run-2`. */
export const numberIn = (uid: string) => Number(uid.slice(uid.lastIndexOf('-') + 1));
const restartedAt = (restart: number) => (restart === 0 ? {} : { restartedAt: at(restart - 1_000) });
const restartIn = (text: string | undefined) =>
  text === undefined ? 0 : (Date.parse(text) - Date.parse(at(0))) / 1_000 + 1_000;

/** What `plan()` is given. */
export function observedOf(view: View): Observed {
  const { session, pod, end, claim, draining, over } = view;
  const { session: _, ...rest } = anObserved({ draining });
  return {
    ...rest,
    ...(session === undefined ? {} : { session: observedSession(session, over) }),
    ...(pod === undefined ? {} : { pod: observedPod(pod) }),
    ...(end === undefined ? {} : { sessionEnd: observedEnd(end, over) }),
    ...(claim === undefined ? {} : { claim: observedClaim(claim) }),
  };
}

export function observedSession(session: SessionObject, over: readonly Time[]): ObservedSession {
  const { uid, deleting, finalizer, desired, restart } = session;
  return aSession({
    uid: sessionUid(uid),
    deletionRequested: deleting,
    hasFinalizer: finalizer,
    spec: { engine: 'Baileys', desiredState: desired, ...restartedAt(restart) },
    status: statusOf(session, over),
  });
}

function statusOf(
  { run, report, lastEnd, recovery, isStopped }: SessionObject,
  over: readonly Time[],
): WhatsAppSessionStatus {
  return {
    ...(run === undefined ? {} : { run: observedRun(run, over.includes('deadline')) }),
    ...(report === undefined ? {} : { report: aReport({ runUid: runUid(report), sequence: 1 }) }),
    ...(lastEnd === undefined ? {} : { lastEnd: observedLastEnd(lastEnd, over.includes('death')) }),
    ...(recovery === undefined ? {} : { recovery: observedRecovery(recovery, over.includes('backoff')) }),
    ...(isStopped ? { phase: 'Stopped' } : {}),
  };
}

function observedRun({ uid, number, ending }: NonNullable<SessionObject['run']>, isOverdue: boolean) {
  const deadline = ending?.graceful === true ? { deadline: at(isOverdue ? -10 : 25) } : {};
  return {
    uid: runUid(uid),
    number,
    startedAt: at(-60),
    ...(ending === undefined ? {} : { ending: { reason: ending.reason, since: at(-40), ...deadline } }),
  };
}

function observedLastEnd({ run, number, confirmed, restart }: NonNullable<SessionObject['lastEnd']>, isPast: boolean) {
  return {
    runUid: runUid(run),
    number,
    reason: 'stopped',
    at: at(isPast ? -100 : -1),
    terminationConfirmed: confirmed,
    ...restartedAt(restart),
  } as const;
}

function observedRecovery(recovery: NonNullable<SessionObject['recovery']>, isPast: boolean) {
  if (recovery === 'held') return { restarts: 0, held: 'replaced' } as const;
  return recovery === 'calm' ? { restarts: 0 } : { restarts: 1, nextRestartAt: at(isPast ? -1 : 30) };
}

const replaced = { ...containers.terminated, message: '{"reason":"replaced","message":""}' };

export function observedPod({
  uid,
  session,
  number,
  restart,
  finalizer,
  bound,
  deletion,
  container,
}: PodObject): ObservedPod {
  const { nodeName, podIp, ...pod } = aPod({
    uid: runUid(uid),
    sessionUid: sessionUid(session),
    runNumber: number,
    ...restartedAt(restart),
    hasFinalizer: finalizer,
    deletionRequested: deletion !== 'none',
    ...(deletion === 'none' ? {} : { deletionGraceSeconds: deletion === 'graceful' ? 8 : 0 }),
    ready: container === 'running',
    phase: phases[container],
    container: observedContainer(container, bound),
  });
  const started = container === 'running' || container === 'terminated' || container === 'replaced';
  return {
    ...pod,
    ...(bound && nodeName !== undefined ? { nodeName } : {}),
    ...(started && podIp !== undefined ? { podIp } : {}),
  };
}

const phases = {
  none: 'Pending',
  running: 'Running',
  terminated: 'Failed',
  replaced: 'Failed',
  refused: 'Failed',
} as const;

function observedContainer(container: PodObject['container'], bound: boolean): ObservedContainer {
  if (container === 'none') return bound ? containers.waiting : containers.absent;
  if (container === 'refused') return containers.absent;
  return container === 'replaced' ? replaced : containers[container];
}

const reasons = { calm: 'stopped', crashed: 'crashed', held: 'replaced' } as const;

function observedEnd({ run, after, confirmed, settled }: EndRecord, over: readonly Time[]): ObservedSessionEnd {
  return aSessionEnd({
    name: `alice-${runUid(run)}`,
    runUid: runUid(run),
    runNumber: run,
    reason: reasons[after],
    terminationConfirmed: confirmed,
    settled,
    createdAtMs: Date.parse(at(over.includes('drain') ? -10 : -1)),
  });
}

const observedClaim = ({ uid, deleting }: ClaimObject): ObservedClaim => ({
  namespace: 'shop',
  name: 'alice-data',
  uid: `claim-${uid}`,
  resourceVersion: '1',
  deletionRequested: deleting,
});

/** A session with another status, cut down to what the model tells apart. */
export function withStatus(session: SessionObject, status: WhatsAppSessionStatus): SessionObject {
  const { run, report, lastEnd, recovery, phase } = status;
  return sessionOf({
    ...session,
    run: run && {
      uid: numberIn(run.uid),
      number: run.number,
      ending: run.ending && { reason: run.ending.reason, graceful: run.ending.deadline !== undefined },
    },
    report: report && numberIn(report.runUid),
    lastEnd: lastEnd && {
      run: numberIn(lastEnd.runUid),
      number: lastEnd.number ?? 0,
      confirmed: lastEnd.terminationConfirmed !== false,
      restart: restartIn(lastEnd.restartedAt),
    },
    recovery: recovery && recoveryIn(recovery),
    isStopped: phase === 'Stopped',
  });
}

function recoveryIn({ held, nextRestartAt }: NonNullable<WhatsAppSessionStatus['recovery']>) {
  if (held !== undefined) return 'held';
  return nextRestartAt === undefined ? 'calm' : 'backoff';
}
