import { setTimeout as sleep } from 'node:timers/promises';
import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { ObjectMeta } from '@berth/operator/resource/object-meta.ts';
import type { WhatsAppSession } from '@berth/operator/resource/whatsapp-session.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type FaultProxy, isWrite, startFaultProxy } from './fault-proxy.ts';
import { type OperatorProcess, sessionImages, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld, stays } from './session-world.ts';

let server: TestApiServer;
let proxy: FaultProxy;
let operator: OperatorProcess;
let world: SessionWorld;
let kubelet: ScriptedKubelet;

beforeAll(async () => {
  server = await startApiServer();
  proxy = await startFaultProxy(server.kubeconfigPath);
  world = await createSessionWorld(server.kubeconfigPath, 'volumes');
  kubelet = startScriptedKubelet(world.client, world.namespace);
  const session = { images: sessionImages('dev'), allowedPriorityClasses: ['gold'] };
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { session } });
}, 120_000);

afterAll(async () => {
  await operator?.terminate();
  await kubelet?.stop();
  await world?.close();
  await proxy?.close();
  await server?.stop();
});

interface Claim {
  readonly metadata: ObjectMeta;
}
interface MountingPod {
  readonly spec: {
    readonly priorityClassName?: string;
    readonly volumes: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
  };
}

/** A claim as a user makes it: without a label of ours. */
const makeClaim = (name: string) =>
  world.client.request<Claim>({
    method: 'POST',
    path: path.claims(world.namespace),
    body: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  });
const claim = (name: string) => world.client.request<Claim>({ method: 'GET', path: path.claim(world.namespace, name) });
const writesToClaim = (name: string) =>
  proxy.requests.filter(
    (request) =>
      isWrite(request) &&
      request.path.includes(`/${world.namespace}/persistentvolumeclaims`) &&
      `${request.path} ${request.body}`.includes(name),
  );
const mounted = async (name: string) =>
  (await world.client.request<MountingPod>({ method: 'GET', path: path.pod(world.namespace, name) })).spec.volumes
    .flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])
    .join();
const ready = ({ status }: WhatsAppSession) => status?.conditions?.find(({ type }) => type === 'Ready');
const untilReason = (name: string, reason: string) =>
  world.until(name, `that is ${reason}`, (session) => ready(session)?.reason === reason);
/** Creation times are whole seconds: what is made after this is the younger in any case. */
const nextSecond = () => sleep(1_000 - (Date.now() % 1_000));
const processesOf = (name: string) => kubelet.processes.filter(({ podName }) => podName === name);

describe('an existing claim', () => {
  test('is mounted, and neither made nor removed', async () => {
    const made = await makeClaim('mine');
    await world.apply('ann', { storage: { existingClaim: 'mine' } });
    await world.untilRunning('ann');
    expect(await mounted('ann')).toBe('mine');
    await world.remove('ann');
    await world.untilGone('ann');
    const { metadata } = await claim('mine');
    expect([metadata.uid, metadata.deletionTimestamp]).toEqual([made.metadata.uid, undefined]);
    expect(writesToClaim('mine')).toEqual([]);
    expect(writesToClaim('ann-data')).toEqual([]);
  });

  test('that was made beforehand under the name of the own one is used, and stays when the session goes', async () => {
    const made = await makeClaim('bea-data');
    await world.apply('bea');
    await world.untilRunning('bea');
    expect(await mounted('bea')).toBe('bea-data');
    await world.remove('bea');
    await world.untilGone('bea');
    const { metadata } = await claim('bea-data');
    expect([metadata.uid, metadata.deletionTimestamp]).toEqual([made.metadata.uid, undefined]);
    expect(writesToClaim('bea-data').filter(({ method }) => method === 'DELETE')).toEqual([]);
  });
});

describe('the own claim', () => {
  test('is removed by its uid, once the last run is dead and recorded', async () => {
    await world.apply('cora');
    await world.untilRunning('cora');
    const { metadata } = await claim('cora-data');
    expect(metadata.ownerReferences).toBeUndefined();
    await world.remove('cora');
    await world.untilGone('cora');
    const [deletion, ...more] = writesToClaim('cora-data').filter(({ method }) => method === 'DELETE');
    expect(more).toEqual([]);
    expect(JSON.parse(deletion?.body ?? '')).toMatchObject({ preconditions: { uid: metadata.uid } });
    const at = (part: string) => proxy.requests.findIndex((request) => isWrite(request) && request.path.includes(part));
    expect(at('/persistentvolumeclaims/cora-data')).toBeGreaterThan(at('/pods/cora'));
    expect(processesOf('cora').filter(({ endedAtMs }) => endedAtMs === undefined)).toEqual([]);
  });
});

describe('a claim that two sessions name', () => {
  test('is the older one’s; the younger waits, says why, and starts by itself once the older has gone', async () => {
    await world.apply('dora');
    await world.untilRunning('dora');
    await world.apply('dan', { storage: { existingClaim: 'dora-data' } });
    const waiting = await untilReason('dan', 'ClaimInUse');
    expect(waiting.status?.phase).toBe('Failed');
    expect(ready(waiting)?.message).toMatch(/The claim "dora-data" is used by the session "dora".*delete "dora"/);
    await stays('no pod of the younger one', 1_000, async () => (await world.pod('dan')) === undefined);
    const { metadata } = await claim('dora-data');
    await world.remove('dora');
    await world.untilRunning('dan');
    expect(await mounted('dan')).toBe('dora-data');
    const [older, younger] = [processesOf('dora')[0], processesOf('dan')[0]];
    expect(older?.endedAtMs).toBeLessThan(younger?.startedAtMs ?? 0);
    expect((await world.ends('dora')).map(({ spec }) => spec.terminationConfirmed)).toEqual([true]);
    await world.untilGone('dora');
    // Its credentials are the younger one's now, although the older said Delete.
    const kept = await claim('dora-data');
    expect([kept.metadata.uid, kept.metadata.deletionTimestamp]).toEqual([metadata.uid, undefined]);
  });

  test('is the older one’s also while that is stopped', async () => {
    await world.apply('eve', { desiredState: 'Stopped' });
    await untilReason('eve', 'Stopped');
    await nextSecond();
    await world.apply('emil', { storage: { existingClaim: 'eve-data' } });
    await untilReason('emil', 'ClaimInUse');
    await world.patch('eve', { desiredState: 'Running' });
    await world.untilRunning('eve');
    expect(await world.pod('emil')).toBeUndefined();
  });

  test('is one’s alone when both are made at once, and the other’s when that one goes', async () => {
    const pairs = [1, 2, 3, 4, 5].map((index) => [`twin-a-${index}`, `twin-b-${index}`] as const);
    await Promise.all(
      pairs.flatMap(([a, b]) => [a, b].map((name) => world.apply(name, { storage: { existingClaim: `of-${a}` } }))),
    );
    for (const pair of pairs) {
      const [holder, waiting] = await holderAndWaiting(pair);
      expect(processesOf(waiting)).toEqual([]);
      await world.remove(holder);
      await world.untilRunning(waiting);
      expect(processesOf(holder)[0]?.endedAtMs).toBeLessThan(processesOf(waiting)[0]?.startedAtMs ?? 0);
    }
  });

  test('is not free while the pod lives of a session whose object was taken away by force', async () => {
    await world.apply('fay');
    await world.untilRunning('fay');
    await world.apply('finn', { storage: { existingClaim: 'fay-data' } });
    await untilReason('finn', 'ClaimInUse');
    operator.child.kill('SIGSTOP'); // So that it does not put the finalizer back in between.
    await world.client.request({
      method: 'PATCH',
      path: path.session(world.namespace, 'fay'),
      contentType: mergePatch,
      body: { metadata: { finalizers: null } },
    });
    await world.remove('fay'); // Nobody collects garbage here: its pod stays.
    expect(await world.session('fay')).toBeUndefined();
    operator.child.kill('SIGCONT');
    await world.untilRunning('finn');
    expect(processesOf('fay')[0]?.endedAtMs).toBeLessThan(processesOf('finn')[0]?.startedAtMs ?? 0);
    expect((await world.ends('fay')).map(({ spec }) => spec.reason)).toEqual(['deleted']);
  });
});

/** Which of two sessions has got the claim: the one with a pod; the other says that the claim is in use. */
async function holderAndWaiting([a, b]: readonly [string, string]): Promise<readonly [string, string]> {
  const loser = await Promise.any([untilReason(a, 'ClaimInUse'), untilReason(b, 'ClaimInUse')]);
  const waiting = loser.metadata.name;
  const holder = waiting === a ? b : a;
  await world.untilRunning(holder);
  return [holder, waiting];
}

describe('a class of the pod', () => {
  test('that is not allowed lets nothing start, says who may change that, and heals when it is changed', async () => {
    await world.apply('gus', { pod: { runtimeClassName: 'kata' } });
    const refused = await untilReason('gus', 'NotAllowed');
    expect(refused.status?.phase).toBe('Failed');
    expect(ready(refused)?.message).toContain('spec.pod.runtimeClassName "kata" is not allowed; allowed is none');
    expect(ready(refused)?.message).toContain('session.allowedRuntimeClasses');
    expect(await world.pod('gus')).toBeUndefined();
    await world.patch('gus', { pod: { runtimeClassName: null } });
    await world.untilRunning('gus');
  });

  test('that is allowed is the pod’s', async () => {
    const body = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'gold' }, value: 1000 };
    await world.client.request({ method: 'POST', path: '/apis/scheduling.k8s.io/v1/priorityclasses', body });
    await world.apply('hal', { pod: { priorityClassName: 'gold', labels: { team: 'sales' } } });
    const { metadata } = await world.untilRunning('hal');
    const pod = await world.client.request<MountingPod>({ method: 'GET', path: path.pod(world.namespace, 'hal') });
    expect(pod.spec.priorityClassName).toBe('gold');
    expect(metadata.labels).toMatchObject({ team: 'sales', 'berth.dev/session': 'hal' });
  });
});

test('a run ends with the container "session"; a container that somebody injected goes with the pod', async () => {
  await world.apply('ida', { recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } } });
  const { metadata } = await world.untilRunning('ida');
  const common = { ready: false, restartCount: 0, image: 'a', imageID: '' };
  const startedAt = new Date().toISOString();
  const containerStatuses = [
    { ...common, name: 'sidecar', state: { running: { startedAt } } },
    {
      ...common,
      name: 'session',
      state: { terminated: { exitCode: 3, reason: 'Error', startedAt, finishedAt: startedAt } },
    },
  ];
  await world.client.request({
    method: 'PATCH',
    path: `${path.pod(world.namespace, 'ida')}/status`,
    contentType: mergePatch,
    body: { status: { phase: 'Running', containerStatuses } },
  });
  const [end] = await world.untilEnds('ida', 1);
  expect(end?.spec).toMatchObject({ reason: 'crashed', exitCode: 3, terminationConfirmed: true });
  const next = await world.untilPod('ida', 'of the next run', (pod) => pod.metadata.uid !== metadata.uid);
  expect(next.metadata.annotations?.['berth.dev/run-number']).toBe('2');
  const deletions = proxy.requests.filter(({ method, path: at }) => method === 'DELETE' && at.endsWith('/pods/ida'));
  expect(deletions.map(({ body }) => JSON.parse(body))).toMatchObject([
    { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } },
  ]);
});
