import type { RunReport } from '@berth/protocol';
import { expect, test } from 'vitest';
import { createReports } from '../../../../operator/api/reports.ts';
import type { ApiRequest, KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';
import type { ObservedPod, ObservedSession } from '../../../../operator/plan/observed.ts';
import type { WhatsAppSessionStatus } from '../../../../operator/resource/whatsapp-session.ts';
import { keptLog } from './kept-log.ts';
import { aPod, aSession } from './observed-run.ts';

const identity = { namespace: 'shop', serviceAccount: 'default', podName: 'alice', podUid: 'run-1' };
const account = { id: '15550001@s.whatsapp.net', pushName: 'Ada Lovelace' };
const anySignal = new AbortController().signal;

const aReport = (overrides: Partial<RunReport> = {}): RunReport => ({
  runUid: 'run-1',
  sequence: 1,
  state: 'ready',
  stateSince: '2026-01-01T00:00:10Z',
  reconnects: 0,
  certificateSha256: 'a'.repeat(64),
  account,
  ...overrides,
});

/** An API server with one pod and one session, and caches that may lag behind it. */
function aCluster(given: {
  readonly pod?: ObservedPod;
  readonly session?: ObservedSession;
  readonly cachedPod?: ObservedPod;
  readonly cachedSession?: ObservedSession;
  readonly conflicts?: number;
}) {
  const patches: ApiRequest[] = [];
  const reads: string[] = [];
  const log = keptLog();
  let { conflicts = 0 } = given;
  let session = given.session;
  const refuse = ({ method, path }: ApiRequest, status: number, reason: string) =>
    new ApiError({ method, path, status, reason, message: reason });
  const client = {
    async request<T>(request: ApiRequest): Promise<T> {
      const isPod = request.path.endsWith('/pods/alice');
      if (request.method === 'GET') {
        reads.push(isPod ? 'pod' : 'session');
        const found = isPod ? given.pod && podObject(given.pod) : session && sessionObject(session);
        if (found === undefined) throw refuse(request, 404, 'NotFound');
        return found as T;
      }
      const body = request.body as { metadata: { resourceVersion: string }; status: WhatsAppSessionStatus };
      if (session === undefined) throw refuse(request, 404, 'NotFound');
      if (conflicts-- > 0 || body.metadata.resourceVersion !== session.resourceVersion)
        throw refuse(request, 409, 'Conflict');
      patches.push(request);
      session = { ...session, resourceVersion: '21', status: { ...session.status, ...body.status } };
      return sessionObject(session) as T;
    },
  } satisfies Pick<KubernetesClient, 'request'>;
  const absorbed: unknown[] = [];
  const reports = createReports({
    client,
    sessions: { get: () => given.cachedSession, absorb: (raw) => void absorbed.push(raw) },
    findPod: () => given.cachedPod,
    presentation: ({ status }) => ({ phase: status.report?.state === 'ready' ? 'Ready' : 'Connecting' }),
    log,
  });
  const receive = (report: RunReport) => reports.receive(identity, report, anySignal);
  return { receive, patches, reads, absorbed, log };
}

const podObject = ({ namespace, name, uid, sessionUid, deletionRequested, runNumber }: ObservedPod) => ({
  metadata: {
    namespace,
    name,
    uid,
    resourceVersion: '10',
    creationTimestamp: '2026-01-01T00:00:00Z',
    annotations: { 'berth.dev/session-uid': sessionUid, 'berth.dev/run-number': String(runNumber) },
    ...(deletionRequested ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
});
const sessionObject = ({ namespace, name, uid, resourceVersion, spec, status }: ObservedSession) => ({
  metadata: { namespace, name, uid, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec,
  status,
});

const inSync = (status: WhatsAppSessionStatus = {}) => {
  const [pod, session] = [aPod(), aSession(status)];
  return { pod, cachedPod: pod, session, cachedSession: session };
};

test('receive() stores the report and what follows from it in one write, on the state that was judged', async () => {
  const { receive, patches, reads, absorbed } = aCluster(inSync());
  expect(await receive(aReport())).toBe('accepted');
  expect(patches).toHaveLength(1);
  expect(patches[0]).toMatchObject({
    path: '/apis/berth.dev/v1alpha1/namespaces/shop/whatsappsessions/alice/status',
    contentType: 'application/merge-patch+json',
    body: {
      metadata: { uid: 'session-1', resourceVersion: '20' },
      status: { report: { ...aReport(), readyAt: '2026-01-01T00:00:10Z' }, phase: 'Ready' },
    },
  });
  expect(reads).toEqual([]);
  expect(absorbed).toHaveLength(1);
});

test('receive() keeps the account out of the log', async () => {
  const { receive, log } = aCluster(inSync());
  await receive(aReport());
  expect(log.lines).toHaveLength(1);
  expect(log.lines.join()).not.toMatch(/15550001|Ada/);
});

test('receive() removes what the report before said and this one does not', async () => {
  const before = { ...aReport({ message: 'lost' }), readyAt: '2026-01-01T00:00:10Z' };
  const { receive, patches } = aCluster(inSync({ report: before }));
  await receive(aReport({ sequence: 2 }));
  expect(patches[0]?.body).toMatchObject({ status: { report: { sequence: 2, message: null } } });
});

test.each([1, 2])('receive() writes nothing for report %i when report 2 is stored', async (sequence) => {
  const { receive, patches } = aCluster(inSync({ report: { ...aReport({ sequence: 2 }) } }));
  expect(await receive(aReport({ sequence }))).toBe('accepted');
  expect(patches).toEqual([]);
});

test('receive() takes report 1 of the next run', async () => {
  const { receive, patches } = aCluster(inSync({ report: { ...aReport({ runUid: 'run-0', sequence: 9 }) } }));
  expect(await receive(aReport())).toBe('accepted');
  expect(patches).toHaveLength(1);
});

test('receive() refuses a token of another pod', async () => {
  const { receive, patches } = aCluster(inSync());
  expect(await receive(aReport({ runUid: 'run-2' }))).toBe('forbidden');
  expect(patches).toEqual([]);
});

test('receive() asks the API server about a pod that the cache does not know yet', async () => {
  const { receive, patches, reads } = aCluster({ pod: aPod(), session: aSession() });
  expect(await receive(aReport())).toBe('accepted');
  expect(reads).toEqual(['pod', 'session']);
  expect(patches).toHaveLength(1);
});

test('receive() refuses only what the API server confirms', async () => {
  const killed = aSession({
    run: { uid: 'run-1', number: 1, ending: { reason: 'stuck', since: '2026-01-01T00:00:00Z' } },
  });
  const { receive, reads, patches } = aCluster({
    pod: aPod(),
    cachedPod: aPod(),
    session: killed,
    cachedSession: killed,
  });
  expect(await receive(aReport())).toBe('run_killed');
  expect(reads).toEqual(['pod', 'session']);
  expect(patches).toEqual([]);
});

test.each([
  ['pod_gone', { session: aSession() }],
  ['session_gone', { pod: aPod() }],
  ['pod_deleted', { pod: aPod({ deletionRequested: true }), session: aSession() }],
] as const)('receive() answers %s', async (reception, cluster) => {
  expect(await aCluster(cluster).receive(aReport())).toBe(reception);
});

test('receive() looks again after a conflict, and finds that the run was given up meanwhile', async () => {
  const ending = { reason: 'force_killed', since: '2026-01-01T00:00:00Z' } as const;
  const killed = { ...aSession({ run: { uid: 'run-1', number: 1, ending } }), resourceVersion: '25' };
  const { receive, patches } = aCluster({ ...inSync(), session: killed });
  expect(await receive(aReport())).toBe('run_killed');
  expect(patches).toEqual([]);
});

test.each([
  [5, 'accepted', 1],
  [6, 'too_busy', 0],
] as const)('receive() after %i conflicts', async (conflicts, reception, written) => {
  const { receive, patches } = aCluster({ ...inSync(), conflicts });
  expect(await receive(aReport())).toBe(reception);
  expect(patches).toHaveLength(written);
});
