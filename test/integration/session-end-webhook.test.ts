import { path } from '@berth/operator/resource/names.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { type AdmissionBehaviour, type AdmissionWebhook, startAdmissionWebhook } from '../fakes/admission-webhook.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

/** How long the API server waits for a webhook, in seconds: the longest that it allows. */
const webhookTimeoutSeconds = 30;
const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
let server: TestApiServer;
let home: SessionWorld;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
let operator: OperatorProcess;
let webhook: AdmissionWebhook;

beforeAll(async () => {
  server = await startApiServer({ nodesAreObjects: false });
}, 120_000);
afterAll(() => server?.stop());

beforeEach(async () => {
  home = await createSessionWorld(server.kubeconfigPath, 'home');
  world = await createSessionWorld(server.kubeconfigPath, 'admitted');
  kubelet = startScriptedKubelet(world.client, world.namespace);
}, 60_000);
afterEach(async () => {
  await operator.terminate();
  await kubelet.stop();
  await world.client.request({ method: 'DELETE', path: configurations });
  await webhook.stop();
  await Promise.all([home.close(), world.close()]);
});

/** @param endRecordDeadlineSeconds from the first refusal to the release of a pod without a record */
async function startOperator(endRecordDeadlineSeconds: number): Promise<void> {
  operator = await startOperatorProcess({
    kubeconfig: server.kubeconfigPath,
    namespace: home.namespace,
    config: { endRecordDeadlineSeconds },
  });
}

/** A webhook that has to admit each SessionEnd of these namespaces. */
async function admitBy(behaviour: AdmissionBehaviour, namespaces: readonly string[]): Promise<void> {
  webhook = await startAdmissionWebhook(behaviour);
  const rule = { apiGroups: ['berth.dev'], apiVersions: ['*'], operations: ['CREATE'], resources: ['sessionends'] };
  const inThese = { key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces };
  const each = {
    name: 'session-ends.policy.example.com',
    clientConfig: webhook.clientConfig,
    rules: [rule],
    namespaceSelector: { matchExpressions: [inThese] },
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    timeoutSeconds: webhookTimeoutSeconds,
  };
  const of = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' };
  const body = { ...of, metadata: { name: 'session-ends' }, webhooks: [each] };
  await world.client.request({ method: 'POST', path: configurations, body });
}

const untilRefusal = (name: string, message: RegExp) =>
  world.until(name, 'whose record is refused', ({ status }) =>
    (status?.conditions ?? []).some((each) => each.reason === 'EndNotRecorded' && message.test(each.message)),
  );

async function lost(): Promise<number> {
  const text = await (await fetch(`${operator.healthUrl}/metrics`)).text();
  return Number(/^berth_session_end_lost_total (\d+)$/m.exec(text)?.[1]);
}

test("a webhook that refuses the record is quoted in Ready, and after 10 s the operator's namespace takes it", async () => {
  await startOperator(60);
  await world.apply('wanda');
  const { metadata } = await world.untilRunning('wanda');
  await admitBy({ refuses: 'records need an owner label' }, [world.namespace]);
  await world.patch('wanda', { desiredState: 'Killed' });
  await untilRefusal('wanda', /records need an owner label/);
  expect((await world.pod('wanda'))?.metadata.uid).toBe(metadata.uid);
  await world.untilStopped('wanda', 25_000);
  expect(await world.ends('wanda')).toEqual([]);
  expect((await home.ends('wanda')).map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([
    [metadata.uid, 'force_killed'],
  ]);
  expect(await lost()).toBe(0);
}, 90_000);

test('a webhook that never answers keeps neither the end of its session from being recorded nor another from its kill', async () => {
  await startOperator(60);
  await Promise.all(['hugo', 'hope', 'hank', 'hazel'].map((name) => world.apply(name)));
  const hanging = ['hugo', 'hope', 'hank'];
  const runs = new Map<string, string>();
  for (const name of [...hanging, 'hazel']) runs.set(name, (await world.untilRunning(name)).metadata.uid);
  await admitBy('hangs', [world.namespace]);
  await Promise.all(hanging.map((name) => world.patch(name, { desiredState: 'Killed' })));
  for (const name of hanging) await untilRefusal(name, /not done within 5000 ms.*no admission webhook hangs/);
  // All of them wait for the webhook now; the kill of one more is acted on as if they did not.
  await world.patch('hazel', { desiredState: 'Killed' });
  await world.untilPod('hazel', 'that is killed', ({ metadata }) => metadata.deletionTimestamp !== undefined, 5_000);
  for (const name of [...hanging, 'hazel']) {
    await world.untilStopped(name, 60_000);
    const ends = [...(await world.ends(name)), ...(await home.ends(name))];
    expect(ends.map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([[runs.get(name), 'force_killed']]);
  }
  expect(webhook.asked()).toBeGreaterThanOrEqual(hanging.length);
  expect(await lost()).toBe(0);
}, 150_000);

test('a session is deleted although a webhook hangs in its namespace and in that of the operator', async () => {
  await startOperator(14);
  await world.apply('dora');
  const { metadata } = await world.untilRunning('dora');
  await admitBy('hangs', [world.namespace, home.namespace]);
  await world.remove('dora');
  await world.untilGone('dora', 50_000);
  expect(await world.pod('dora')).toBeUndefined();
  expect([await world.ends('dora'), await home.ends('dora')]).toEqual([[], []]);
  expect(await lost()).toBe(1);
  const { items } = await world.client.request<{ items: { reason: string; involvedObject: { name: string } }[] }>({
    method: 'GET',
    path: path.events(world.namespace),
  });
  expect(items.map(({ reason, involvedObject }) => [reason, involvedObject.name])).toContainEqual([
    'SessionEndLost',
    'dora',
  ]);
  expect(operator.log()).toContain(metadata.uid);
}, 150_000);
