import { path } from '@berth/operator/resource/names.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { createReceiver, type Receiver } from '../webhook-receiver/receiver-client.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../webhook-receiver/start-webhook-receiver.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

let server: TestApiServer;
let receiver: WebhookReceiver;
let sinks: Receiver;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
const started: OperatorProcess[] = [];

beforeAll(async () => {
  server = await startApiServer();
  receiver = await startWebhookReceiver();
  sinks = createReceiver(receiver);
}, 120_000);
afterAll(async () => {
  await receiver?.stop();
  await server?.stop();
});
beforeEach(async () => {
  world = await createSessionWorld(server.kubeconfigPath, 'shutdown');
  kubelet = startScriptedKubelet(world.client, world.namespace);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((operator) => operator.kill()));
  await kubelet.stop();
  await world.close();
});

async function start(identity: string): Promise<OperatorProcess> {
  const operator = await startOperatorProcess({ kubeconfig: server.kubeconfigPath, identity });
  started.push(operator);
  return operator;
}

async function leaseHolder(): Promise<string> {
  const lease = await world.client.request<{ spec: { holderIdentity?: string } }>({
    method: 'GET',
    path: path.lease('default', 'berth-operator'),
  });
  return lease.spec.holderIdentity ?? '';
}

/** A killed session with a sink on each of these paths, once all of them have the post in hand. */
async function aPostInHand(name: string, paths: readonly string[]): Promise<string> {
  const webhooks = paths.map((at) => ({ url: `${receiver.baseUrl}${at}`, events: ['session_end' as const] }));
  await world.apply(name, { webhooks });
  const pod = await world.untilPod(name, 'that runs', ({ status }) => status?.phase === 'Running');
  await world.patch(name, { desiredState: 'Killed' });
  await world.untilEnds(name, 1);
  return pod.metadata.uid;
}

const untilPosts = (at: string, count: number) =>
  waitUntil(`${count} posts at "${at}"`, 20_000, async () => {
    const posts = await sinks.received(at);
    return posts.length >= count ? { value: posts } : { seen: String(posts.length) };
  });

test('on SIGTERM a slow delivery is finished and written down, the Lease given away, and the exit code is 0', async () => {
  await sinks.behave('/slow', { kind: 'slow', delayMs: 1_200 });
  const operator = await start('operator-1');
  const uid = await aPostInHand('sam', ['/slow']);
  await untilPosts('/slow', 1);
  const startedMs = performance.now();
  expect(await operator.terminate()).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(6_000);
  expect(await leaseHolder()).toBe('');
  const [end] = await world.ends('sam');
  expect(end?.status).toMatchObject({ delivered: 'True', deliveries: [{ attempts: 1 }] });
  await start('operator-2');
  await world.until('sam', 'that is stopped', ({ status }) => status?.lastEnd?.runUid === uid && !status.run);
  expect(await sinks.received('/slow')).toHaveLength(1);
  expect(await world.ends('sam')).toHaveLength(1);
}, 90_000);

test('on SIGTERM what hangs is cut after 2 s and told; the next leader posts to that sink, and to no other', async () => {
  await sinks.behave('/hangs', { kind: 'hang' });
  const operator = await start('operator-1');
  const uid = await aPostInHand('hal', ['/takes', '/hangs']);
  await untilPosts('/takes', 1);
  await untilPosts('/hangs', 1);
  const startedMs = performance.now();
  expect(await operator.terminate()).toBe(0);
  const tookMs = performance.now() - startedMs;
  console.log(`The operator was gone ${Math.round(tookMs)} ms after SIGTERM`);
  expect(tookMs).toBeLessThan(6_000);
  expect(operator.log()).toContain('Deliveries hang and are cut');
  expect(await leaseHolder()).toBe('');
  const [cut] = await world.ends('hal');
  expect(cut?.status?.delivered).toBe('False');
  expect(cut?.status?.deliveries?.map(({ sink, attempts }) => [sink, attempts])).toEqual([
    [`${receiver.baseUrl}/takes`, 1],
  ]);
  await sinks.behave('/hangs', { kind: 'status' });
  await start('operator-2');
  await waitUntil('delivered record', 20_000, async () => {
    const [end] = await world.ends('hal');
    return end?.status?.delivered === 'True' ? { value: true } : { seen: JSON.stringify(end?.status) };
  });
  const ids = async (at: string) => (await sinks.received(at)).map(({ headers }) => headers['webhook-id']);
  expect([await ids('/takes'), await ids('/hangs')]).toEqual([[uid], [uid, uid]]);
  expect(await world.ends('hal')).toHaveLength(1);
}, 90_000);

test('a pod that is released while a sink hangs is told of and counted', async () => {
  await sinks.behave('/never', { kind: 'hang' });
  const operator = await start('operator-1');
  await aPostInHand('dan', ['/never']);
  await world.until('dan', 'that is stopped', ({ status }) => status?.phase === 'Stopped' && !status.run);
  const metrics = await (await fetch(`${operator.healthUrl}/metrics`)).text();
  expect(metrics).toMatch(/^berth_session_end_drain_timeouts_total 1$/m);
  const events = await waitUntil('Event', 10_000, async () => {
    const { items } = await world.client.request<{ items: { reason: string; type: string }[] }>({
      method: 'GET',
      path: path.events(world.namespace),
    });
    const found = items.filter(({ reason }) => reason === 'SinksStillWaiting');
    return found.length > 0 ? { value: found } : { seen: JSON.stringify(items.map(({ reason }) => reason)) };
  });
  expect(events.map(({ type }) => type)).toEqual(['Warning']);
}, 60_000);
