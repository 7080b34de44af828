import type {
  Observed,
  ObservedClaim,
  ObservedContainer,
  ObservedNode,
  ObservedPod,
  ObservedSession,
  ObservedSessionEnd,
} from '@berth/operator/plan/observed.ts';
import { symptomOf } from '@berth/operator/plan/symptom.ts';
import type { WhatsAppSessionStatus } from '@berth/operator/resource/whatsapp-session.ts';
import {
  aNode,
  anObserved,
  aPod,
  aReport,
  aSession,
  aSessionEnd,
  at,
  containers,
  nowMs,
  planConfig,
} from '../builders/observed.ts';
import type { Part } from './bounds.ts';
import {
  type ClaimObject,
  type EndRecord,
  endOf,
  idOf,
  type LostNode,
  maxRestarts,
  noEnds,
  type PodObject,
  type Recovery,
  type SessionObject,
  sessionOf,
  withEnd,
} from './objects.ts';
import type { Refusal, World } from './world.ts';

/** A time that is over or not, chosen anew at each look: clocks differ, and no order of looks is taken for granted. */
export const times = ['deadline', 'drain', 'backoff', 'death', 'fence', 'symptom', 'pairing'] as const;
export type Time = (typeof times)[number];

/** All that one look sees: what `Observed` is made of. */
export interface View {
  readonly session: SessionObject | undefined;
  readonly pod: PodObject | undefined;
  readonly end: EndRecord | undefined;
  readonly claim: ClaimObject | undefined;
  /** That of the pod, when it cannot be reached. */
  readonly node: LostNode | undefined;
  /** `end` stands for a record that nothing took until its deadline. */
  readonly isLost: boolean;
  readonly draining: boolean;
  /** The times that are over. */
  readonly over: readonly Time[];
}

/** The view of a key from what is known; undefined when neither a session nor a pod is left. As observe/observe.ts. */
export function viewOf({ cached: known, api, draining, refusal }: World): View | undefined {
  const { session, ends, claim, node } = known;
  const pod = known.pod ?? unseenPod(session, api.pod, draining);
  if (session === undefined && pod === undefined) return undefined;
  const run = pod?.uid ?? session?.run?.uid;
  const recorded = endOf(ends, run);
  const lost = recorded === undefined && refusal?.isOver === true && refusal.run === run ? refusal : undefined;
  return {
    session,
    pod,
    end: lost ? standInOf(lost) : recorded,
    claim,
    node: pod?.bound && node?.of === pod.uid ? node : undefined,
    isLost: lost !== undefined,
    draining,
    over: [],
  };
}

/** What stands for a record that was refused: its sinks had the time of the whole deadline. */
const standInOf = ({ run, after, confirmed }: Refusal): EndRecord =>
  withEnd(noEnds, { run, after, confirmed, settled: true })[0] ?? { run, after, confirmed, settled: true };

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
export function timesIn({ session, pod, end, node }: View, parts: readonly Part[]): Time[] {
  const canBeStuck = parts.includes('stuck runs');
  return times.filter((time) => {
    switch (time) {
      case 'deadline':
        return session?.run?.ending?.graceful === true;
      case 'drain':
        return end?.settled === false;
      case 'backoff':
        return session?.recovery === 'backoff';
      case 'death':
        return session?.lastEnd?.confirmed === false;
      case 'fence':
        return node !== undefined && node.state !== 'out of service';
      case 'symptom':
        return canBeStuck && symptomLimitMs(session, pod) !== undefined;
      case 'pairing':
        return canBeStuck && session?.unpaired === true && session.report === pod?.uid;
    }
  });
}

/** Milliseconds until a time of a view is over, where it is not: as `observedOf` builds it. */
export function leftMs({ session, pod }: View, time: Time): number {
  const left = {
    deadline: 25_000,
    drain: planConfig.drainMs - 1_000,
    backoff: 30_000,
    death: planConfig.unconfirmedWaitMs - 1_000,
    fence: planConfig.fenceMs - 1_000,
    symptom: symptomLimitMs(session, pod) ?? 0,
    pairing: pairingMs - 60_000,
  };
  return left[time];
}

/** The default of spec.pairing.timeoutSeconds. */
const pairingMs = 3_600_000;

const limitsMs = new Map<string, number | undefined>();

/** Milliseconds that what a run is in the middle of may last; undefined when there is nothing to wait for. */
function symptomLimitMs(session: SessionObject | undefined, pod: PodObject | undefined): number | undefined {
  if (session === undefined || pod === undefined) return undefined;
  const key = `${idOf(session)},${idOf(pod)}`;
  if (!limitsMs.has(key)) {
    const symptom = symptomOf({ session: observedSession(session, []), pod: observedPod(pod) });
    limitsMs.set(key, symptom && symptom.limitSeconds * 1_000);
  }
  return limitsMs.get(key);
}

/** Tells views apart. */
export function keyOf({ session, pod, end, claim, node, isLost, draining, over }: View): string {
  return [idOf(session), idOf(pod), idOf(end), idOf(claim), idOf(node), isLost, draining, ...over].join();
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
  const { session, pod, end, claim, node, isLost, draining, over } = view;
  const { session: _, node: __, ...rest } = anObserved({ draining });
  const limitMs = symptomLimitMs(session, pod);
  return {
    ...rest,
    ...(session === undefined ? {} : { session: observedSession(session, over) }),
    ...(pod === undefined ? {} : { pod: observedPod(pod, over) }),
    ...(pod?.bound ? { node: observedNode(node, over) } : {}),
    ...(limitMs === undefined ? {} : { symptomSinceMs: over.includes('symptom') ? nowMs - limitMs : nowMs }),
    ...(end === undefined ? {} : { sessionEnd: { ...observedEnd(end, over), ...(isLost ? { isLost } : {}) } }),
    ...(claim === undefined ? {} : { claim: observedClaim(claim) }),
  };
}

export function observedSession(session: SessionObject, over: readonly Time[]): ObservedSession {
  const { uid, deleting, finalizer, desired, restart } = session;
  return aSession({
    uid: sessionUid(uid),
    deletionRequested: deleting,
    hasFinalizer: finalizer,
    spec: { engine: 'Baileys', desiredState: desired, ...restartedAt(restart), recovery: { maxRestarts } },
    status: statusOf(session, over),
  });
}

function statusOf(
  { run, report, unpaired, lastEnd, recovery, isStopped }: SessionObject,
  over: readonly Time[],
): WhatsAppSessionStatus {
  return {
    ...(run === undefined ? {} : { run: observedRun(run, over.includes('deadline')) }),
    ...(report === undefined ? {} : { report: observedReport(report, unpaired === true) }),
    ...(lastEnd === undefined ? {} : { lastEnd: observedLastEnd(lastEnd, over.includes('death')) }),
    ...(recovery === undefined ? {} : { recovery: observedRecovery(recovery, over.includes('backoff')) }),
    ...(isStopped ? { phase: 'Stopped' } : {}),
  };
}

function observedReport(run: number, unpaired: boolean) {
  const { readyAt: _, ...unready } = aReport({ runUid: runUid(run), sequence: 1, state: 'waiting_for_pairing' });
  return unpaired ? unready : aReport({ runUid: runUid(run), sequence: 2 });
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

function observedLastEnd(
  { run, number, confirmed, haunted, restart }: NonNullable<SessionObject['lastEnd']>,
  isPast: boolean,
) {
  return {
    runUid: runUid(run),
    number,
    reason: 'stopped',
    at: at(isPast ? -100 : -1),
    terminationConfirmed: confirmed,
    ...(haunted ? { unconfirmedAt: at(-100) } : {}),
    ...restartedAt(restart),
  } as const;
}

function observedRecovery(recovery: Recovery, isPast: boolean) {
  switch (recovery) {
    case 'calm':
      return { restarts: 0 };
    case 'used':
      return { restarts: 1 };
    case 'backoff':
      return { restarts: 1, nextRestartAt: at(isPast ? -1 : 30) };
    case 'replaced':
      return { restarts: 0, held: 'replaced' } as const;
    case 'exhausted':
      return { restarts: maxRestarts, held: 'exhausted' } as const;
    case 'unpaired':
      return { restarts: 0, held: 'pairing_timeout' } as const;
  }
}

const replaced = { ...containers.terminated, message: '{"reason":"replaced","message":""}' };

export function observedPod(
  { uid, session, number, restart, finalizer, bound, deletion, container }: PodObject,
  over: readonly Time[] = [],
): ObservedPod {
  const { nodeName, podIp, ...pod } = aPod({
    uid: runUid(uid),
    sessionUid: sessionUid(session),
    runNumber: number,
    ...restartedAt(restart),
    hasFinalizer: finalizer,
    deletionRequested: deletion !== 'none',
    ...(deletion === 'none' ? {} : { deletionGraceSeconds: deletion === 'graceful' ? 8 : 0 }),
    ready: container === 'running',
    ...(over.includes('pairing') ? { createdAtMs: nowMs - pairingMs } : {}),
    disrupted: container === 'given up',
    phase: phases[container],
    container: observedContainer(container, bound, over),
  });
  const started = ['running', 'wedged', 'terminated', 'replaced'].includes(container);
  return {
    ...pod,
    ...(bound && nodeName !== undefined ? { nodeName } : {}),
    ...(started && podIp !== undefined ? { podIp } : {}),
  };
}

const phases = {
  none: 'Pending',
  running: 'Running',
  wedged: 'Running',
  terminated: 'Failed',
  replaced: 'Failed',
  refused: 'Failed',
  'given up': 'Failed',
} as const;

function observedContainer(
  container: PodObject['container'],
  bound: boolean,
  over: readonly Time[],
): ObservedContainer {
  if (container === 'none') return bound ? containers.waiting : containers.absent;
  if (container === 'refused' || container === 'given up') return containers.absent;
  if (container === 'running' || container === 'wedged')
    return over.includes('pairing') ? { state: 'running', startedAtMs: nowMs - pairingMs } : containers.running;
  return container === 'replaced' ? replaced : containers[container];
}

function observedNode(lost: LostNode | undefined, over: readonly Time[]): ObservedNode {
  if (lost === undefined) return aNode();
  const lostSeenAtMs = nowMs - (over.includes('fence') ? planConfig.fenceMs : 1_000);
  const node = aNode({ ready: false, lostSeenAtMs, outOfService: lost.state === 'out of service' });
  if (lost.state !== 'deleted') return node;
  return { name: node.name, exists: false, ready: false, outOfService: false, lostSeenAtMs };
}

const reasons = {
  calm: 'stopped',
  blameless: 'pod_deleted',
  crashed: 'crashed',
  replaced: 'replaced',
  unpaired: 'pairing_timeout',
} as const;

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
    unpaired: report?.state === 'waiting_for_pairing' ? true : undefined,
    lastEnd: lastEnd && {
      run: numberIn(lastEnd.runUid),
      number: lastEnd.number ?? 0,
      confirmed: lastEnd.terminationConfirmed !== false,
      haunted: lastEnd.unconfirmedAt !== undefined,
      restart: restartIn(lastEnd.restartedAt),
    },
    recovery: recovery && recoveryIn(recovery),
    isStopped: phase === 'Stopped',
  });
}

function recoveryIn({ held, restarts, nextRestartAt }: NonNullable<WhatsAppSessionStatus['recovery']>): Recovery {
  if (held === 'pairing_timeout') return 'unpaired';
  if (held !== undefined) return held === 'exhausted' ? 'exhausted' : 'replaced';
  if (nextRestartAt !== undefined) return 'backoff';
  return restarts > 0 ? 'used' : 'calm';
}
