import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import type { ClusterSink } from '../../operator/deliver/cluster-sinks.ts';
import { createDeliverToSink } from '../../operator/deliver/deliver-to-sink.ts';
import { createDeliveryLoop, type DeliveryLoopOptions, defaultTimes } from '../../operator/deliver/delivery-loop.ts';
import { createSigningKeys } from '../../operator/deliver/signing-keys.ts';
import { mergePatch } from '../../operator/kubernetes/client.ts';
import { slimSessionEnd } from '../../operator/observe/slim-session.ts';
import { apiVersion, deliveryFinalizer, path, replayAnnotation } from '../../operator/resource/names.ts';
import type { SessionEnd, Sink } from '../../operator/resource/session-end.ts';
import { startReflector } from '../../operator/watch/list-watch.ts';
import { createSlimCache } from '../../operator/watch/slim-cache.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { keepingLog } from './proxied-api.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

/** A server of its own: the operators of other files' tests would deliver these records, too. */
let server: TestApiServer;
let operatorWorld: SessionWorld;
beforeAll(async () => {
  server = await startApiServer({ controllerManager: true });
  operatorWorld = await createSessionWorld(server.kubeconfigPath, 'operator');
});
afterAll(async () => {
  await operatorWorld?.close();
  await server?.stop();
});

async function aWorld() {
  const world = await createSessionWorld(server.kubeconfigPath, 'delivery');
  onTestFinished(() => world.close());
  return world;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const answering =
  (status: number): Answer =>
  (_request, response) =>
    void response.writeHead(status).end();

/** A receiver whose answer can be changed. */
async function aSink(answer: Answer) {
  const sink = { answer, url: '', received: [] as { id: string; body: string; headers: Record<string, string> }[] };
  const receiver = createServer((request, response) => {
    request.once('data', (body) => {
      const headers = request.headers as Record<string, string>;
      sink.received.push({ id: headers['webhook-id'] ?? '', body: String(body), headers });
      sink.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  sink.url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/in`;
  return sink;
}

/** An operator's delivery, as leader from the beginning. */
async function startDelivery(
  world: SessionWorld,
  options: Partial<DeliveryLoopOptions> & { clusterSinks?: ClusterSink[] } = {},
) {
  const { client } = world;
  const operatorNamespace = operatorWorld.namespace;
  const log = keepingLog();
  onTestFailed(() => console.info(log.lines.join('\n')));
  const ends = createSlimCache({ slim: slimSessionEnd });
  const keys = createSigningKeys({ client, operatorNamespace, clusterSinks: options.clusterSinks ?? [] });
  const loop = createDeliveryLoop({
    ends,
    client,
    send: createDeliverToSink({
      keys,
      operatorNamespace,
      clusterSinks: options.clusterSinks ?? [],
      allow: ['127.0.0.0/8'],
      never: [],
      timeoutMs: 5_000,
      nowMs: Date.now,
    }),
    operatorNamespace,
    backoff: { baseMs: 50, maxMs: 200 },
    log,
    ...options,
  });
  const reflector = startReflector({ client, log, name: 'sessionends', cache: ends, path: path.sessionEnds() });
  await reflector.synced;
  const leading = new AbortController();
  const led = loop.lead(leading.signal);
  const stop = async () => {
    leading.abort();
    await led;
    await loop.finish(0);
    await reflector.stop();
  };
  onTestFinished(stop);
  return { stop, log, loop };
}

async function record({ client, namespace }: SessionWorld, run: string, sinks: Sink[]): Promise<SessionEnd> {
  const metadata = {
    name: `alice-${run}`,
    namespace,
    ...(sinks.length === 0 ? {} : { finalizers: [deliveryFinalizer] }),
  };
  const spec: SessionEnd['spec'] = {
    session: { namespace, name: 'alice', uid: 'session-1' },
    run: { uid: run, number: 1 },
    engine: 'Baileys',
    reason: 'stopped',
    message: 'The session was stopped',
    endedAt: '2026-01-01T00:00:00Z',
    terminationConfirmed: true,
    sinks,
  };
  const body = { apiVersion, kind: 'SessionEnd', metadata, spec };
  return client.request<SessionEnd>({ method: 'POST', path: path.sessionEnds(namespace), body });
}

function untilEnd(
  { client }: SessionWorld,
  namespace: string,
  run: string,
  what: string,
  is: (end: SessionEnd | undefined) => boolean,
) {
  return waitUntil(what, 15_000, async () => {
    const list = await client.request<{ items: SessionEnd[] }>({ method: 'GET', path: path.sessionEnds(namespace) });
    const end = list.items.find(({ metadata }) => metadata.name === `alice-${run}`);
    return is(end) ? { value: end } : { seen: JSON.stringify(end ?? 'no such record') };
  });
}

const isSettled = (delivered: string) => (end: SessionEnd | undefined) =>
  end?.status?.delivered === delivered && (end.metadata.finalizers ?? []).length === 0;

test('a recorded end is delivered at once, signed, and its finalizer released', async () => {
  const world = await aWorld();
  const sink = await aSink(answering(200));
  await startDelivery(world);
  await record(world, 'run-1', [{ url: sink.url }]);
  const end = await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect(end?.status?.deliveries).toMatchObject([{ sink: sink.url, attempts: 1 }]);
  expect(end?.status?.nextAttemptAt).toBeUndefined();
  const [post] = sink.received;
  expect(new Webhook(await ownSecret(world)).verify(post?.body ?? '', post?.headers ?? {})).toMatchObject({
    id: 'run-1',
  });
});

test('a sink that fails is tried again, and told of; one that took it is left alone', async () => {
  const world = await aWorld();
  const [good, bad] = [await aSink(answering(204)), await aSink(answering(503))];
  await startDelivery(world);
  await record(world, 'run-1', [{ url: good.url }, { url: bad.url }]);
  const failing = await untilEnd(world, world.namespace, 'run-1', 'second attempt', (end) =>
    (end?.status?.deliveries ?? []).some(({ attempts }) => attempts >= 2),
  );
  expect(failing?.status?.delivered).toBe('False');
  expect(failing?.metadata.finalizers).toEqual([deliveryFinalizer]);
  expect(failing?.status?.deliveries?.[1]).toMatchObject({ sink: bad.url, lastError: '503 Service Unavailable' });
  bad.answer = answering(200);
  const end = await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect(end?.status?.deliveries?.[1]?.lastError).toBeUndefined();
  expect(good.received).toHaveLength(1);
  expect(new Set(bad.received.map(({ id }) => id))).toEqual(new Set(['run-1']));
});

/** Takes only what a secret verifies, as a receiver does. */
const verifying =
  (sink: { received: { body: string; headers: Record<string, string> }[] }, webhook: () => Webhook): Answer =>
  (_request, response) => {
    const post = sink.received.at(-1);
    try {
      webhook().verify(post?.body ?? '', post?.headers ?? {});
      response.writeHead(200).end();
    } catch {
      response.writeHead(401).end();
    }
  };

async function ownSecret({ client }: SessionWorld): Promise<string> {
  const at = path.secret(operatorWorld.namespace, 'berth-signing-key');
  const secret = await client.request<{ data: Record<string, string> }>({ method: 'GET', path: at });
  return Buffer.from(secret.data['key'] ?? '', 'base64').toString();
}

test("where a sink's key is gone the operator's own signs, the status and a hook say so, and its creation heals", async () => {
  const world = await aWorld();
  const sink = await aSink(answering(200));
  sink.answer = verifying(sink, () => new Webhook('raw', { format: 'raw' }));
  const told: string[] = [];
  await startDelivery(world, { hooks: { onStandIn: (_end, missing) => told.push(missing) } });
  await record(world, 'run-1', [{ url: sink.url, secretRef: { name: 'hook', key: 'token' } }]);
  await untilEnd(world, world.namespace, 'run-1', 'second attempt', (end) =>
    (end?.status?.deliveries ?? []).some((each) => each.signedByOperator === true && each.attempts > 1),
  );
  expect(told).toEqual(['there is no key "token" in a Secret "hook"']);
  const own = new Webhook(await ownSecret(world));
  expect(() => own.verify(sink.received[0]?.body ?? '', sink.received[0]?.headers ?? {})).not.toThrow();
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hook' }, stringData: { token: 'raw' } };
  await world.client.request({ method: 'POST', path: path.secrets(world.namespace), body });
  await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  const post = sink.received.at(-1);
  const webhook = new Webhook('raw', { format: 'raw' });
  expect(() => webhook.verify(post?.body ?? '', post?.headers ?? {})).not.toThrow();
});

test('a sink that never takes it is given up, and the record released', async () => {
  const world = await aWorld();
  const sink = await aSink(answering(500));
  await startDelivery(world, { times: { ...defaultTimes, giveUpAfterMs: 4_000 } });
  await record(world, 'run-1', [{ url: sink.url }]);
  const end = await untilEnd(world, world.namespace, 'run-1', 'record given up', isSettled('GivenUp'));
  expect(end?.status?.deliveries?.[0]?.lastError).toBe('500 Internal Server Error');
  expect(sink.received.length).toBeGreaterThan(1);
});

test('a record without sinks is never written to, and goes when its time has come', async () => {
  const world = await aWorld();
  const times = { ...defaultTimes, keepDeliveredMs: 3_000 };
  const { resourceVersion } = (await record(world, 'run-1', [])).metadata;
  await startDelivery(world, { times });
  await record(world, 'run-2', []);
  const kept = await untilEnd(world, world.namespace, 'run-1', 'kept record', (end) => end !== undefined);
  expect(kept?.metadata.resourceVersion).toBe(resourceVersion);
  for (const run of ['run-1', 'run-2'])
    await untilEnd(world, world.namespace, run, 'removed record', (end) => end === undefined);
});

test('an undelivered record does not keep its namespace, and is delivered from that of the operator', async () => {
  const world = await aWorld();
  const run = `run-of-${world.namespace}`;
  const sink = await aSink(answering(503));
  await startDelivery(world);
  await record(world, run, [{ url: sink.url }]);
  await untilEnd(world, world.namespace, run, 'first attempt', (end) => end?.status?.delivered === 'False');
  const namespacePath = `/api/v1/namespaces/${world.namespace}`;
  await world.client.request({ method: 'DELETE', path: namespacePath });
  const moved = await untilEnd(world, operatorWorld.namespace, run, 'moved record', (end) => end !== undefined);
  expect(moved?.spec.session.namespace).toBe(world.namespace);
  await waitUntil('namespace that is gone', 20_000, async () => {
    const list = await world.client.request<{ items: { metadata: { name: string } }[] }>({
      method: 'GET',
      path: '/api/v1/namespaces',
    });
    const is = list.items.some(({ metadata }) => metadata.name === world.namespace);
    return is ? { seen: 'it is still there' } : { value: undefined };
  });
  sink.answer = answering(200);
  await untilEnd(world, operatorWorld.namespace, run, 'delivered record', isSettled('True'));
});

test('the next leader goes on where the last one stopped', async () => {
  const world = await aWorld();
  const sink = await aSink(() => undefined); // Takes the post, and never answers.
  const first = await startDelivery(world);
  await record(world, 'run-1', [{ url: sink.url }]);
  await waitUntil('post in hand', 10_000, async () =>
    sink.received.length > 0 ? { value: undefined } : { seen: 'none' },
  );
  await first.stop();
  const cut = await untilEnd(world, world.namespace, 'run-1', 'record', (end) => end !== undefined);
  expect(cut?.status).toBeUndefined(); // An attempt that was cut says nothing about the sink.
  sink.answer = answering(200);
  await startDelivery(world);
  await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect(sink.received.map(({ id }) => id)).toEqual(['run-1', 'run-1']);
});

test('sinks that hang do not keep a new end waiting', async () => {
  const world = await aWorld();
  const [hanging, good] = [await aSink(() => undefined), await aSink(answering(200))];
  await startDelivery(world);
  for (let number = 0; number < 40; number++) await record(world, `hang-${number}`, [{ url: hanging.url }]);
  await record(world, 'run-1', [{ url: good.url }]);
  const startedMs = performance.now();
  await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect(performance.now() - startedMs).toBeLessThan(4_000); // The hanging ones take 5 s each.
});

const secretOf = (text: string) => `whsec_${Buffer.from(text.repeat(8)).toString('base64')}`;

test('while a key is rotated, receivers with the old secret and with the new one both verify', async () => {
  const world = await aWorld();
  const [newer, older] = ['new', 'old'].map(secretOf) as [string, string];
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'hook' },
    stringData: { key: `${newer}\n${older}` },
  };
  await world.client.request({ method: 'POST', path: path.secrets(world.namespace), body });
  const sinks = await Promise.all(
    [newer, older].map(async (secret) => {
      const sink = await aSink(answering(500));
      sink.answer = verifying(sink, () => new Webhook(secret));
      return sink;
    }),
  );
  await startDelivery(world);
  const secretRef = { name: 'hook', key: 'key' };
  await record(
    world,
    'run-1',
    sinks.map(({ url }) => ({ url, secretRef })),
  );
  const end = await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect(end?.status?.deliveries?.map(({ attempts }) => attempts)).toEqual([1, 1]);
});

test("a sink of the cluster is signed to with its key in the operator's namespace", async () => {
  const world = await aWorld();
  const sink = await aSink(answering(500));
  sink.answer = verifying(sink, () => new Webhook(secretOf('audit')));
  const stringData = { key: secretOf('audit') };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'audit' }, stringData };
  await world.client.request({ method: 'POST', path: path.secrets(operatorWorld.namespace), body });
  await startDelivery(world, { clusterSinks: [{ url: sink.url, secretRef: { name: 'audit', key: 'key' } }] });
  await record(world, 'run-1', [{ url: sink.url, cluster: true }]);
  await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect(sink.received).toHaveLength(1);
});

test('what was given up is tried again when the annotation asks for it, also when nobody led meanwhile', async () => {
  const world = await aWorld();
  const sink = await aSink(answering(500));
  const givenUp: string[] = [];
  const options = {
    times: { ...defaultTimes, giveUpAfterMs: 2_000 },
    hooks: {
      onGivenUp({ spec }: SessionEnd) {
        if (spec.session.namespace === world.namespace) givenUp.push(spec.run.uid); // Others' records are left here.
      },
    },
  };
  const first = await startDelivery(world, options);
  const { metadata } = await record(world, 'run-1', [{ url: sink.url }]);
  await untilEnd(world, world.namespace, 'run-1', 'record given up', isSettled('GivenUp'));
  expect(givenUp).toEqual(['run-1']);
  const replay = () =>
    world.client.request({
      method: 'PATCH',
      path: path.sessionEnd(world.namespace, metadata.name),
      contentType: mergePatch,
      body: { metadata: { annotations: { [replayAnnotation]: 'now' } } },
    });
  // It fails once more, and is given up anew, after the whole time.
  await replay();
  const again = await untilEnd(world, world.namespace, 'run-1', 'replayed record', (end) =>
    Boolean(end?.status?.replayedAt && end.status.delivered === 'GivenUp'),
  );
  expect(Date.parse(again?.status?.deliveries?.[0]?.lastAttemptAt ?? '')).toBeGreaterThanOrEqual(
    Date.parse(again?.status?.replayedAt ?? '') + 2_000,
  );
  await first.stop();
  sink.answer = answering(200);
  await replay();
  await startDelivery(world, options);
  const end = await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect(end?.metadata.annotations?.[replayAnnotation]).toBeUndefined();
  expect(new Set(sink.received.map(({ id }) => id))).toEqual(new Set(['run-1']));
});

test('a loop that finishes writes down what one sink took while another hangs, and says so', async () => {
  const world = await aWorld();
  const [good, hanging] = [await aSink(answering(200)), await aSink(() => undefined)];
  const first = await startDelivery(world);
  await record(world, 'run-1', [{ url: good.url }, { url: hanging.url }]);
  await waitUntil('both posts', 10_000, async () =>
    good.received.length + hanging.received.length === 2 ? { value: true } : { seen: 'fewer' },
  );
  const startedMs = performance.now();
  await first.loop.finish(500);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(first.log.lines.join('\n')).toMatch(/Deliveries hang and are cut.*alice-run-1/);
  await first.stop();
  hanging.answer = answering(200);
  await startDelivery(world);
  await untilEnd(world, world.namespace, 'run-1', 'delivered record', isSettled('True'));
  expect([good.received.length, hanging.received.length]).toEqual([1, 2]);
});
