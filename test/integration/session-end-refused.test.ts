import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isForbidden } from '@berth/operator/kubernetes/errors.ts';
import { apiVersion, path } from '@berth/operator/resource/names.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { createReceiver } from '../webhook-receiver/receiver-client.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../webhook-receiver/start-webhook-receiver.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

/** From the first refusal to the release of a pod without a record, as the operator is told. */
const deadlineSeconds = 14;
let server: TestApiServer;
let receiver: WebhookReceiver;
let home: SessionWorld;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
let operator: OperatorProcess;
/** What a test has put in the way, and what takes it away again. */
const lifts: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
  receiver = await startWebhookReceiver();
}, 120_000);
afterAll(async () => {
  await receiver?.stop();
  await server?.stop();
});

beforeEach(async () => {
  home = await createSessionWorld(server.kubeconfigPath, 'home');
  world = await createSessionWorld(server.kubeconfigPath, 'refused');
  kubelet = startScriptedKubelet(world.client, world.namespace);
}, 60_000);
afterEach(async () => {
  await operator.terminate();
  await kubelet.stop();
  for (const lift of lifts.splice(0)) await lift();
  await Promise.all([home.close(), world.close()]);
});

async function startOperator(kubeconfig = server.kubeconfigPath): Promise<void> {
  operator = await startOperatorProcess({
    kubeconfig,
    namespace: home.namespace,
    config: { endRecordDeadlineSeconds: deadlineSeconds, sinks: [{ url: `${receiver.baseUrl}/audit/hush` }] },
  });
}

const untilRefusal = (name: string, message: RegExp) =>
  world.until(name, 'whose record is refused', ({ status }) =>
    (status?.conditions ?? []).some((each) => each.reason === 'EndNotRecorded' && message.test(each.message)),
  );

async function create(at: string, body: object): Promise<void> {
  await world.client.request({ method: 'POST', path: at, body });
}

/** A quota of no SessionEnds, in force. */
async function forbidByQuota(): Promise<() => Promise<void>> {
  const at = `/api/v1/namespaces/${world.namespace}/resourcequotas`;
  const spec = { hard: { 'count/sessionends.berth.dev': '0' } };
  await create(at, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none' }, spec });
  await untilRefused(world.namespace);
  return async () => {
    await world.client.request({ method: 'DELETE', path: `${at}/none` });
  };
}

/** A policy that refuses SessionEnds in these namespaces, in force. */
async function forbidByPolicy(name: string, namespaces: readonly string[]): Promise<void> {
  const group = '/apis/admissionregistration.k8s.io/v1';
  const [policies, bindings] = [`${group}/validatingadmissionpolicies`, `${group}/validatingadmissionpolicybindings`];
  const kind = 'ValidatingAdmissionPolicy';
  const of = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name } };
  const rule = { apiGroups: ['berth.dev'], apiVersions: ['*'], operations: ['CREATE'], resources: ['sessionends'] };
  const namespaceSelector = {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces }],
  };
  const matchConstraints = { resourceRules: [rule], namespaceSelector };
  const validations = [{ expression: 'false', message: 'no records here' }];
  await create(policies, { ...of, kind, spec: { failurePolicy: 'Fail', matchConstraints, validations } });
  const spec = { policyName: name, validationActions: ['Deny'] };
  await create(bindings, { ...of, kind: `${kind}Binding`, spec });
  lifts.push(async () => {
    await world.client.request({ method: 'DELETE', path: `${bindings}/${name}` });
    await world.client.request({ method: 'DELETE', path: `${policies}/${name}` });
  });
  for (const namespace of namespaces) await untilRefused(namespace);
}

/** Admission follows its objects with a delay: a dry run tells when it does. */
async function untilRefused(namespace: string): Promise<void> {
  const spec = {
    session: { namespace, name: 'try', uid: 'u' },
    run: { uid: 'run' },
    engine: 'Baileys',
    reason: 'stopped',
    message: 'a trial',
    endedAt: '2026-01-01T00:00:00Z',
    terminationConfirmed: true,
  };
  const body = { apiVersion, kind: 'SessionEnd', metadata: { name: 'try-run' }, spec };
  await waitUntil(`refusal in "${namespace}"`, 15_000, async () => {
    try {
      const query = { dryRun: 'All' };
      await world.client.request({ method: 'POST', path: path.sessionEnds(namespace), query, body });
      return { seen: 'it is accepted' };
    } catch (error) {
      if (isForbidden(error) || String(error).includes('no records here')) return { value: true };
      throw error;
    }
  });
}

async function eventsOf(name: string, reason: string): Promise<{ type: string; message: string }[]> {
  const { items } = await world.client.request<{
    items: { involvedObject: { name: string }; reason: string; type: string; message: string }[];
  }>({ method: 'GET', path: path.events(world.namespace) });
  return items.filter((event) => event.involvedObject.name === name && event.reason === reason);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${operator.healthUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

async function postsOf(runUid: string) {
  const all = await createReceiver(receiver).received('/audit/hush');
  return all.filter(({ headers }) => headers['webhook-id'] === runUid);
}

test("a quota that refuses the record is named in Ready, and after 10 s the operator's namespace takes it", async () => {
  await startOperator();
  await world.apply('quentin');
  const { metadata } = await world.untilRunning('quentin');
  await forbidByQuota();
  await world.patch('quentin', { desiredState: 'Killed' });
  await untilRefusal('quentin', /exceeded quota: none/);
  expect((await world.pod('quentin'))?.metadata.uid).toBe(metadata.uid);
  const session = await world.untilStopped('quentin', 25_000);
  expect(session.status?.lastEnd).toMatchObject({ reason: 'force_killed', runUid: metadata.uid });
  expect(await world.ends('quentin')).toEqual([]);
  const ends = await home.ends('quentin');
  expect(ends.map(({ spec }) => [spec.run.uid, spec.session.namespace])).toEqual([[metadata.uid, world.namespace]]);
  expect(await metric('berth_session_end_lost_total')).toBe(0);
  expect((await eventsOf('quentin', 'EndNotRecorded')).map(({ type }) => type)).toEqual(['Warning']);
}, 90_000);

test('a refusal that is lifted in time leaves one record, in its own namespace', async () => {
  await startOperator();
  await world.apply('lisa');
  const { metadata } = await world.untilRunning('lisa');
  const lift = await forbidByQuota();
  await world.remove('lisa');
  await untilRefusal('lisa', /exceeded quota/);
  await lift();
  await world.untilGone('lisa');
  expect((await world.ends('lisa')).map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([
    [metadata.uid, 'deleted'],
  ]);
  expect(await home.ends('lisa')).toEqual([]);
}, 90_000);

test('refused everywhere: delivered from memory, logged, and in the end the deletion goes through, loudly', async () => {
  const own = { url: `${receiver.baseUrl}/own/hush`, events: ['session_end' as const] };
  await startOperator();
  await world.apply('petra', { webhooks: [own] });
  const { metadata } = await world.untilRunning('petra');
  await forbidByPolicy(`petra-${process.pid}`, [world.namespace, home.namespace]);
  const startedMs = performance.now();
  await world.remove('petra');
  await untilRefusal('petra', /no records here/);
  const posts = await waitUntil('post from memory', 25_000, async () => {
    const found = await postsOf(metadata.uid);
    return found.length > 0 ? { value: found } : { seen: operator.log().slice(-2_000) };
  });
  expect(await world.pod('petra')).toBeDefined();
  expect(JSON.parse(posts[0]?.body ?? '')).toMatchObject({ id: metadata.uid, data: { reason: 'deleted' } });
  await world.untilGone('petra', 40_000);
  expect(performance.now() - startedMs).toBeGreaterThan(deadlineSeconds * 1_000 - 1_000);
  expect(await world.pod('petra')).toBeUndefined();
  expect([await world.ends('petra'), await home.ends('petra')]).toEqual([[], []]);
  expect(await metric('berth_session_end_lost_total')).toBe(1);
  const [lost] = await waitUntil('Event', 10_000, async () => {
    const events = await eventsOf('petra', 'SessionEndLost');
    return events.length > 0 ? { value: events } : { seen: 'none' };
  });
  expect(lost).toMatchObject({ type: 'Warning', message: expect.stringContaining('no records here') });
  const record = operator
    .log()
    .split('\n')
    .find((line) => line.includes('Session end refused everywhere'));
  expect(record).toContain(metadata.uid);
  expect(record).toContain('"level":"error"');
  expect(operator.log()).not.toContain('/hush');
  // Both sinks have it, each once.
  expect((await createReceiver(receiver).received('/own/hush')).map(({ headers }) => headers['webhook-id'])).toEqual([
    metadata.uid,
  ]);
  expect(await postsOf(metadata.uid)).toHaveLength(1);
}, 120_000);

test('a session whose end was lost can be started again', async () => {
  await startOperator();
  await world.apply('rosa');
  const { metadata } = await world.untilRunning('rosa');
  await forbidByPolicy(`rosa-${process.pid}`, [world.namespace, home.namespace]);
  await world.patch('rosa', { desiredState: 'Killed' });
  const session = await world.untilStopped('rosa', 40_000);
  expect(session.status?.lastEnd).toMatchObject({ reason: 'force_killed', runUid: metadata.uid });
  expect(session.status?.lastEnd?.sessionEnd).toBeUndefined();
  await world.patch('rosa', { desiredState: 'Running' });
  const next = await world.untilRunning('rosa');
  expect(next.metadata.annotations?.['berth.dev/run-number']).toBe('2');
}, 120_000);

/** The kubeconfig of a new service account in the operator's namespace. */
async function kubeconfigOf(name: string): Promise<string> {
  const accounts = `/api/v1/namespaces/${home.namespace}/serviceaccounts`;
  await create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } };
  const at = `${accounts}/${name}/token`;
  const { status } = await world.client.request<{ status: { token: string } }>({ method: 'POST', path: at, body });
  const kubeconfig = JSON.parse(await readFile(server.kubeconfigPath, 'utf8'));
  kubeconfig.users[0].user = { token: status.token };
  const dir = await mkdtemp(join(tmpdir(), 'berth-limited-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'kubeconfig');
  await writeFile(file, JSON.stringify(kubeconfig), { mode: 0o600 });
  return file;
}

test("without the right to create records in a session's namespace, they stand in the operator's", async () => {
  const at = '/apis/rbac.authorization.k8s.io/v1';
  const name = `no-records-${process.pid}`;
  const all = (apiGroups: string[], resources: string[], verbs = ['*']) => ({ apiGroups, resources, verbs });
  const rules = [
    all(['', 'coordination.k8s.io', 'authentication.k8s.io'], ['*']),
    all(['berth.dev'], ['whatsappsessions', 'whatsappsessions/status', 'sessionends/status']),
    all(['berth.dev'], ['sessionends'], ['get', 'list', 'watch', 'patch', 'delete']),
  ];
  const rbac = 'rbac.authorization.k8s.io';
  const roleRef = (kind: string) => ({ apiGroup: rbac, kind, name });
  const subjects = [{ kind: 'ServiceAccount', name: 'limited', namespace: home.namespace }];
  const of = { apiVersion: `${rbac}/v1`, metadata: { name } };
  await create(`${at}/clusterroles`, { ...of, kind: 'ClusterRole', rules });
  await create(`${at}/clusterrolebindings`, {
    ...of,
    kind: 'ClusterRoleBinding',
    roleRef: roleRef('ClusterRole'),
    subjects,
  });
  const homeRules = [all(['berth.dev'], ['sessionends'], ['create'])];
  const inHome = `${at}/namespaces/${home.namespace}`;
  await create(`${inHome}/roles`, { ...of, kind: 'Role', rules: homeRules });
  await create(`${inHome}/rolebindings`, { ...of, kind: 'RoleBinding', roleRef: roleRef('Role'), subjects });
  await startOperator(await kubeconfigOf('limited'));
  await world.apply('rita');
  const { metadata } = await world.untilRunning('rita');
  await world.patch('rita', { desiredState: 'Killed' });
  await untilRefusal('rita', /limited.*cannot create resource/);
  await world.untilStopped('rita', 30_000);
  expect((await home.ends('rita')).map(({ spec }) => spec.run.uid)).toEqual([metadata.uid]);
}, 120_000);
