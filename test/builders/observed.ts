import type {
  Observed,
  ObservedContainer,
  ObservedNode,
  ObservedPod,
  ObservedSession,
  ObservedSessionEnd,
  PlanConfig,
} from '@berth/operator/plan/observed.ts';
import type { ReportStatus } from '@berth/operator/resource/whatsapp-session.ts';

/** The moment at which all built things are observed. */
export const nowMs = Date.parse('2026-01-01T12:00:00Z');
export const at = (offsetSeconds: number) => new Date(nowMs + offsetSeconds * 1000).toISOString();

export const planConfig: PlanConfig = {
  clusterSinks: [],
  drainMs: 2_000,
  unconfirmedWaitMs: 15_000,
  fenceMs: 300_000,
  operatorNamespace: 'berth-system',
  operatorUrl: 'https://berth-operator.berth-system.svc:8443',
  images: { Baileys: 'berth.dev/session-baileys:dev', WhatsAppWebJS: 'berth.dev/session-whatsapp-web-js:dev' },
  imagePullPolicy: 'IfNotPresent',
  sessionEnv: {},
  resources: { Baileys: {}, WhatsAppWebJS: {} },
  browser: {
    sandbox: false,
    shmSize: '256Mi',
    seccompProfile: 'berth/chromium.json',
    locale: 'en-US',
    userAgent: '',
  },
  allowedPriorityClasses: [],
  allowedRuntimeClasses: [],
};

/** A running session named `alice`, whose finalizer is set and which has had no run. */
export function aSession(overrides: Partial<ObservedSession> = {}): ObservedSession {
  return {
    namespace: 'shop',
    name: 'alice',
    uid: 'session-1',
    resourceVersion: '10',
    generation: 1,
    createdAtMs: nowMs - 3_600_000,
    deletionRequested: false,
    hasFinalizer: true,
    otherFinalizers: [],
    spec: { engine: 'Baileys' },
    status: {},
    ...overrides,
  };
}

const startedAtMs = nowMs - 60_000;
/** What the kubelet says of the container, by a word. */
export const containers = {
  absent: { state: 'absent' },
  waiting: { state: 'waiting', reason: 'ContainerCreating', message: '' },
  running: { state: 'running', startedAtMs },
  terminated: { state: 'terminated', reason: 'Error', message: '', exitCode: 137, finishedAtMs: nowMs - 1_000 },
} as const satisfies Record<string, ObservedContainer>;

/** The pod of alice's first run, running and ready. */
export function aPod(overrides: Partial<ObservedPod> = {}): ObservedPod {
  return {
    namespace: 'shop',
    name: 'alice',
    uid: 'run-1',
    resourceVersion: '20',
    createdAtMs: startedAtMs,
    deletionRequested: false,
    hasFinalizer: true,
    otherFinalizers: [],
    sessionUid: 'session-1',
    runNumber: 1,
    engine: 'Baileys',
    sinks: [],
    nodeName: 'node-1',
    podIp: '10.0.0.7',
    phase: 'Running',
    ready: true,
    readyChangedAtMs: startedAtMs,
    disrupted: false,
    container: containers.running,
    ...overrides,
  };
}

/** The node of alice's pods, ready for an hour. */
export function aNode(overrides: Partial<ObservedNode> = {}): ObservedNode {
  return {
    name: 'node-1',
    exists: true,
    ready: true,
    readyChangedAtMs: nowMs - 3_600_000,
    outOfService: false,
    bootId: 'boot-1',
    ...overrides,
  };
}

/** The same, before a node was found for it. */
export function anUnboundPod(overrides: Partial<ObservedPod> = {}): ObservedPod {
  const {
    nodeName: _,
    podIp: __,
    ...pod
  } = aPod({
    phase: 'Pending',
    ready: false,
    container: containers.absent,
    ...overrides,
  });
  return pod;
}

/** What the pod of run-1 last told: by default that it is ready. */
export function aReport(overrides: Partial<ReportStatus> = {}): ReportStatus {
  return {
    runUid: 'run-1',
    sequence: 2,
    state: 'ready',
    stateSince: at(-50),
    readyAt: at(-50),
    reconnects: 0,
    certificateSha256: 'ab'.repeat(32),
    account: { id: '4915550001:1@s.whatsapp.net' },
    ...overrides,
  };
}

/** The record of the end of run-1. */
export function aSessionEnd(overrides: Partial<ObservedSessionEnd> = {}): ObservedSessionEnd {
  return {
    namespace: 'shop',
    name: 'alice-run-1',
    uid: 'end-1',
    resourceVersion: '30',
    sessionKey: 'shop/alice',
    sessionUid: 'session-1',
    runUid: 'run-1',
    runNumber: 1,
    reason: 'crashed',
    createdAtMs: nowMs - 500,
    endedAt: at(-1),
    terminationConfirmed: true,
    settled: true,
    hasFinalizer: false,
    ...overrides,
  };
}

/** All of it together; what a case does not name is a session that has had no run and wants one. */
export function anObserved(overrides: Partial<Observed> = {}): Observed {
  return {
    namespace: 'shop',
    name: 'alice',
    nowMs,
    config: planConfig,
    session: aSession(),
    podIsWatched: true,
    node: aNode(),
    draining: false,
    waitsForTurn: false,
    claimIsShared: false,
    missingSecrets: [],
    ...overrides,
  };
}

type Ending = NonNullable<NonNullable<ObservedSession['status']['run']>['ending']>;

/** A session with a run under way, and why it is being ended, if it is. */
export function aRunningSession(overrides: Partial<ObservedSession> = {}, ending?: Ending): ObservedSession {
  const { status, ...rest } = overrides;
  return aSession({
    status: {
      run: { uid: 'run-1', number: 1, startedAt: at(-60), ...(ending === undefined ? {} : { ending }) },
      report: aReport(),
      ...status,
    },
    ...rest,
  });
}
