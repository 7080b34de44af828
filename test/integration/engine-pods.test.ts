import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { WhatsAppSession } from '@berth/operator/resource/whatsapp-session.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type OperatorProcess, sessionImages, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

let server: TestApiServer;
let operator: OperatorProcess;
let world: SessionWorld;
/** Where no kubelet is. */
let still: SessionWorld;
let kubelet: ScriptedKubelet;

beforeAll(async () => {
  server = await startApiServer();
  world = await createSessionWorld(server.kubeconfigPath, 'engines');
  still = await createSessionWorld(server.kubeconfigPath, 'engines-still');
  // As the namespaces in which sessions live are labelled; what is not restricted is refused.
  for (const { client, namespace } of [world, still])
    await client.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}`,
      contentType: mergePatch,
      body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
    });
  kubelet = startScriptedKubelet(world.client, world.namespace);
  const browser = { sandbox: true, shmSize: '128Mi', seccompProfile: 'berth/chromium.json' };
  const session = { images: sessionImages('dev'), browser };
  operator = await startOperatorProcess({ kubeconfig: server.kubeconfigPath, config: { session } });
}, 120_000);

afterAll(async () => {
  await operator?.terminate();
  await kubelet?.stop();
  await world?.close();
  await still?.close();
  await server?.stop();
});

interface FullPod {
  readonly spec: {
    readonly securityContext: { readonly seccompProfile: object };
    readonly containers: readonly { readonly image: string; readonly env: readonly { readonly name: string }[] }[];
    readonly volumes: readonly { readonly name: string }[];
  };
}
const fullPod = ({ client, namespace }: SessionWorld, name: string) =>
  client.request<FullPod>({ method: 'GET', path: path.pod(namespace, name) });
const envOf = ({ spec }: FullPod, name: string) => spec.containers[0]?.env.find((each) => each.name === name);
const ready = ({ status }: WhatsAppSession) => status?.conditions?.find(({ type }) => type === 'Ready');
const phoneNumber = '+5511999999999';

test.each([
  {
    engine: 'Baileys',
    name: 'ann',
    seccompProfile: { type: 'RuntimeDefault' },
    volumes: ['data', 'tmp', 'ca', 'token'],
  },
  {
    engine: 'WhatsAppWebJS',
    name: 'bea',
    seccompProfile: { type: 'Localhost', localhostProfile: 'berth/chromium.json' },
    volumes: ['data', 'tmp', 'shm', 'ca', 'token'],
  },
] as const)('a pod with $engine is let into a restricted namespace', async ({ engine, name, ...expected }) => {
  await world.apply(name, { engine, proxy: { secretRef: { name: 'egress', key: 'url' } } });
  await world.untilPod(name, 'that runs', ({ status }) => status?.phase === 'Running');
  const pod = await fullPod(world, name);
  expect(pod.spec.securityContext.seccompProfile).toEqual(expected.seccompProfile);
  expect(pod.spec.volumes.map((volume) => volume.name)).toEqual(expected.volumes);
  expect(pod.spec.containers[0]?.image).toBe(sessionImages('dev')[engine]);
  expect(envOf(pod, 'BERTH_PROXY_URL')).toMatchObject({ valueFrom: { secretKeyRef: { name: 'egress', key: 'url' } } });
});

describe('the way of pairing', () => {
  test('restarts the session when it changes, and not when it is written out', async () => {
    await world.apply('cora');
    const first = await world.untilPod('cora', 'that runs', ({ status }) => status?.phase === 'Running');
    await world.patch('cora', { pairing: { method: 'QRCode', timeoutSeconds: 60 } });
    await world.patch('cora', { pairing: { method: 'PairingCode', phoneNumber } });
    const isNext = ({ metadata, status }: Awaited<ReturnType<typeof world.pod>> & object) =>
      metadata.uid !== first.metadata.uid && status?.phase === 'Running';
    await world.untilPod('cora', 'that is the next one', isNext, 60_000);
    expect(envOf(await fullPod(world, 'cora'), 'BERTH_PAIRING_PHONE_NUMBER')).toMatchObject({ value: '5511999999999' });
    const [end, ...more] = await world.untilEnds('cora', 1);
    expect([end?.spec.reason, more]).toEqual(['spec_changed', []]);
  });
});

test('the Secret of a proxy that is not there is told in the condition Ready, in the words of the kubelet', async () => {
  await still.apply('dora', { proxy: { secretRef: { name: 'egress', key: 'url' } } });
  await still.untilPod('dora', 'that was made', () => true);
  const waiting = { reason: 'CreateContainerConfigError', message: 'secret "egress" not found' };
  const container = { name: 'session', ready: false, restartCount: 0, image: 'x', imageID: '', state: { waiting } };
  await still.client.request({
    method: 'PATCH',
    path: `${path.pod(still.namespace, 'dora')}/status`,
    contentType: mergePatch,
    body: { status: { phase: 'Pending', containerStatuses: [container] } },
  });
  const session = await still.until('dora', 'that is blocked', (seen) => ready(seen)?.reason === 'StartBlocked');
  expect(ready(session)?.message).toBe(
    'The container cannot start (CreateContainerConfigError): secret "egress" not found',
  );
});
