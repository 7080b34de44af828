import type { RunReport, SessionState } from '@berth/protocol';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { createIdentifyPod } from '../../operator/api/identify-pod.ts';
import { createReports } from '../../operator/api/reports.ts';
import { reportRoute } from '../../operator/api/routes/report.post.ts';
import { startApiServers } from '../../operator/api/server.ts';
import type { KubernetesClient } from '../../operator/kubernetes/client.ts';
import { mergePatch } from '../../operator/kubernetes/client.ts';
import { createKubernetesClient } from '../../operator/kubernetes/create-client.ts';
import { slimPod } from '../../operator/observe/slim-pod.ts';
import { slimSession } from '../../operator/observe/slim-session.ts';
import { ensureCertificateAuthority } from '../../operator/pods/certificate-authority.ts';
import { path, podAnnotation, podFinalizer } from '../../operator/resource/names.ts';
import type { ObjectMeta } from '../../operator/resource/object-meta.ts';
import type { WhatsAppSessionStatus } from '../../operator/resource/whatsapp-session.ts';
import { createSlimCache } from '../../operator/watch/slim-cache.ts';
import { postReport } from '../../session-pod/deliver/post-report.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { keepingLog } from './proxied-api.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

/** A server of its own: the operators of other files' tests would act on these sessions, too. */
let server: TestApiServer;
let world: SessionWorld;
beforeAll(async () => {
  server = await startApiServer({ controllerManager: true });
  world = await createSessionWorld(server.kubeconfigPath, 'reports');
});
afterAll(async () => {
  await world?.close();
  await server?.stop();
});

let made = 0;
const account = { id: '15550001@s.whatsapp.net', pushName: 'Ada' };

/** The receiver of one replica, whose watches have seen nothing yet. */
async function aReplica(client: Pick<KubernetesClient, 'request' | 'nowMs'> = world.client) {
  const log = keepingLog();
  onTestFailed(() => console.info(log.lines.join('\n')));
  const caches = { sessions: createSlimCache({ slim: slimSession }), pods: createSlimCache({ slim: slimPod }) };
  const { namespace } = world;
  const authority = await ensureCertificateAuthority({ client: world.client, namespace, nowMs: Date.now });
  const certificate = await authority.issueServer(['localhost']);
  const rejected: string[] = [];
  const reports = createReports({
    client,
    sessions: caches.sessions,
    findPod: (podNamespace, name) => caches.pods.get(`${podNamespace}/${name}`),
    presentation: ({ status }) => ({ phase: status.report?.state === 'ready' ? 'Ready' : 'Connecting' }),
    log,
  });
  const servers = await startApiServers({
    ports: { api: 0, health: 0 },
    host: '127.0.0.1',
    keyPair: async () => certificate,
    routes: [
      reportRoute({
        identifyPod: createIdentifyPod({ client }),
        reports,
        onRejected: (reason) => void rejected.push(reason),
        log,
      }),
    ],
    notReady: () => undefined,
    registry: new Registry(),
    log,
  });
  onTestFinished(() => servers.close());
  const operatorUrl = `https://localhost:${servers.ports.api}`;
  const send = (token: string, report: RunReport) =>
    postReport(report, { operatorUrl, ca: authority.caPem, token, timeoutMs: 8_000 });
  return { send, rejected, caches, log };
}

interface Run {
  readonly name: string;
  readonly uid: string;
  readonly sessionUid: string;
  /** Asks for a token as the kubelet does for the pod. */
  token(audience?: string): Promise<string>;
  report(overrides?: Partial<RunReport>): RunReport;
}

/** A session and the pod of its run, both made a moment ago. */
async function aRun(name = `session-${++made}`, runNumber = 1): Promise<Run> {
  const { client, namespace } = world;
  const session = (await world.session(name)) ?? (await world.apply(name));
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      annotations: {
        [podAnnotation.sessionUid]: session.metadata.uid,
        [podAnnotation.runNumber]: String(runNumber),
      },
      finalizers: [podFinalizer],
    },
    spec: { containers: [{ name: 'session', image: 'none' }] },
  };
  const pod = await client.request<{ metadata: ObjectMeta }>({ method: 'POST', path: path.pods(namespace), body });
  const { uid } = pod.metadata;
  return {
    name,
    uid,
    sessionUid: session.metadata.uid,
    token: (audience = 'berth-operator') => tokenFor({ audiences: [audience], pod: { name, uid } }),
    report: (overrides = {}) => ({
      runUid: uid,
      sequence: 1,
      state: 'ready' satisfies SessionState,
      stateSince: '2026-01-01T00:00:10.000Z',
      reconnects: 0,
      account,
      certificateSha256: 'a'.repeat(64),
      ...overrides,
    }),
  };
}

async function tokenFor(spec: { audiences: string[]; pod?: { name: string; uid: string } }): Promise<string> {
  const { audiences, pod } = spec;
  const boundObjectRef = pod === undefined ? undefined : { apiVersion: 'v1', kind: 'Pod', ...pod };
  const answer = await world.client.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${world.namespace}/serviceaccounts/default/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences, expirationSeconds: 600, ...(boundObjectRef === undefined ? {} : { boundObjectRef }) },
    },
  });
  return answer.status.token;
}

const setStatus = (name: string, status: WhatsAppSessionStatus) =>
  world.client.request({
    method: 'PATCH',
    path: path.sessionStatus(world.namespace, name),
    contentType: mergePatch,
    body: { status },
  });

const deletePod = ({ name, uid }: Run) =>
  world.client.request({
    method: 'DELETE',
    path: path.pod(world.namespace, name),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } },
  });

const releasePod = ({ name }: Run) =>
  world.client.request({
    method: 'PATCH',
    path: path.pod(world.namespace, name),
    contentType: mergePatch,
    body: { metadata: { finalizers: null } },
  });

test('a first report that is faster than every watch is stored, with what follows from it', async () => {
  const { send, log } = await aReplica();
  const run = await aRun();
  expect(await send(await run.token(), run.report())).toBe(200);
  const session = await world.session(run.name);
  expect(session?.status).toMatchObject({
    phase: 'Ready',
    report: { ...run.report(), readyAt: '2026-01-01T00:00:10.000Z' },
  });
  expect(log.lines.join('\n')).not.toMatch(/15550001|Ada/);
});

test('a repeated or late report writes nothing', async () => {
  const { send } = await aReplica();
  const run = await aRun();
  const token = await run.token();
  await send(token, run.report({ sequence: 2 }));
  const before = await world.session(run.name);
  expect(await send(token, run.report({ sequence: 2, state: 'connecting' }))).toBe(200);
  expect(await send(token, run.report({ sequence: 1, state: 'connecting' }))).toBe(200);
  expect((await world.session(run.name))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
});

test('reports that race each other over two replicas end with the newest', async () => {
  const first = await aReplica();
  const replicas = [first, await aReplica()];
  const run = await aRun();
  const token = await run.token();
  const sent = await Promise.all(
    [3, 1, 5, 2, 4].map((sequence) =>
      (replicas[sequence % 2] ?? first).send(token, run.report({ sequence, reconnects: sequence })),
    ),
  );
  expect(sent).toEqual([200, 200, 200, 200, 200]);
  expect((await world.session(run.name))?.status?.report).toMatchObject({ sequence: 5, reconnects: 5 });
});

test('the next run begins its numbers anew, and nothing of the last one stays', async () => {
  const { send } = await aReplica();
  const first = await aRun();
  await send(await first.token(), first.report({ sequence: 7, message: 'stream error' }));
  await deletePod(first);
  await releasePod(first);
  const second = await aRun(first.name, 2);
  const report = second.report({ state: 'waiting_for_pairing' });
  expect(await send(await second.token(), report)).toBe(200);
  const { account: _, ...told } = report;
  expect((await world.session(first.name))?.status?.report).toEqual({ ...told, account });
});

test.each([
  ['of another audience', (run: Run) => run.token('https://kubernetes.default.svc')],
  ['bound to no pod', () => tokenFor({ audiences: ['berth-operator'] })],
  ['that is none', async () => 'nonsense'],
])('a token %s is unknown', async (_name, tokenOf) => {
  const { send, rejected } = await aReplica();
  const run = await aRun();
  expect(await send(await tokenOf(run), run.report())).toBe(401);
  expect(rejected).toEqual(['unauthenticated']);
  expect((await world.session(run.name))?.status).toBeUndefined();
});

test("one pod cannot report for another's run", async () => {
  const { send } = await aReplica();
  const [mine, other] = [await aRun(), await aRun()];
  expect(await send(await mine.token(), other.report())).toBe(403);
  expect((await world.session(other.name))?.status).toBeUndefined();
});

test('a run that is asked to stop may report; one that was given up is over', async () => {
  const { send, rejected } = await aReplica();
  const run = await aRun();
  const token = await run.token();
  const ending = { reason: 'stopped', since: '2026-01-01T00:00:00Z', deadline: '2026-01-01T00:00:30Z' } as const;
  await setStatus(run.name, { run: { uid: run.uid, number: 1, ending } });
  expect(await send(token, run.report({ state: 'stopping' }))).toBe(200);
  await world.client.request({
    method: 'PATCH',
    path: path.sessionStatus(world.namespace, run.name),
    contentType: mergePatch,
    body: { status: { run: { ending: { deadline: null } } } },
  });
  // The replica's own cache still says that the run may stop gracefully.
  expect(await send(token, run.report({ sequence: 2 }))).toBe(410);
  expect(rejected).toEqual(['run_killed']);
});

test('a pod that only asks again, with the report it has sent, learns that its run was given up', async () => {
  const { send, rejected } = await aReplica();
  const run = await aRun();
  const token = await run.token();
  expect(await send(token, run.report({ recentReconnects: 3 }))).toBe(200);
  const before = await world.session(run.name);
  expect(before?.status?.report).toMatchObject({ recentReconnects: 3 });
  expect(await send(token, run.report())).toBe(200);
  expect((await world.session(run.name))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
  await setStatus(run.name, {
    run: { uid: run.uid, number: 1, ending: { reason: 'stuck', since: '2026-01-01T00:00:00Z' } },
  });
  // This replica's watch has not seen it yet; its own cache is of the report before.
  await waitUntil('refusal of the run that was given up', 10_000, async () => {
    const status = await send(token, run.report());
    return status === 410 ? { value: status } : { seen: String(status) };
  });
  expect(rejected).toEqual(['run_killed']);
});

test('a run whose session has a newer one is over', async () => {
  const { send, rejected } = await aReplica();
  const run = await aRun();
  await setStatus(run.name, { run: { uid: 'another', number: 2 } });
  expect(await send(await run.token(), run.report())).toBe(410);
  expect(rejected).toEqual(['run_superseded']);
});

test('a pod that is being deleted is over', async () => {
  const { send, rejected } = await aReplica();
  const run = await aRun();
  const token = await run.token();
  await deletePod(run);
  expect(await send(token, run.report())).toBe(410);
  expect(rejected).toEqual(['pod_deleted']);
});

test('a pod that is gone is over for who knows its token, and unknown to everyone else', async () => {
  const [knowing, other] = [await aReplica(), await aReplica()];
  const run = await aRun();
  const token = await run.token();
  await knowing.send(token, run.report());
  await deletePod(run);
  await releasePod(run);
  expect(await knowing.send(token, run.report({ sequence: 2 }))).toBe(410);
  // The API server itself remembers tokens that it has checked for some seconds.
  await waitUntil('refusal of the token of a pod that is gone', 20_000, async () => {
    const identity = await createIdentifyPod({ client: world.client })(token);
    return identity === 'unauthenticated' ? { value: identity } : { seen: JSON.stringify(identity) };
  });
  expect(await other.send(token, run.report({ sequence: 2 }))).toBe(401);
});

test('a run of a session that was made anew under the same name is over', async () => {
  const { send, rejected } = await aReplica();
  const run = await aRun();
  await world.remove(run.name);
  await world.apply(run.name);
  expect(await send(await run.token(), run.report())).toBe(410);
  expect(rejected).toEqual(['session_gone']);
  expect((await world.session(run.name))?.status).toBeUndefined();
});

test('no run ends because the API server cannot be asked', async () => {
  const proxy = await startFaultProxy(server.kubeconfigPath);
  const client = createKubernetesClient({ kubeconfigPath: proxy.kubeconfigPath });
  onTestFinished(async () => {
    await client.close();
    await proxy.close();
  });
  const { send, rejected } = await aReplica(client);
  const run = await aRun();
  const token = await run.token();
  const outage = { type: 'answer', status: 503 } as const;
  proxy.fault(({ path: at }) => at === path.tokenReviews, outage, 1);
  expect(await send(token, run.report())).toBe(503);
  proxy.fault(({ method }) => method === 'PATCH', { type: 'cut' }, 1);
  expect(await send(token, run.report())).toBe(503);
  expect(await send(token, run.report())).toBe(200);
  expect(rejected).toEqual(['unavailable', 'unavailable']);
});
