import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, onTestFinished, test, vi } from 'vitest';
import type { KubernetesClient } from '../../operator/kubernetes/client.ts';
import { createKubernetesClient } from '../../operator/kubernetes/create-client.ts';
import { type ReflectorOptions, startReflector } from '../../operator/watch/list-watch.ts';
import { type Cached, createSlimCache } from '../../operator/watch/slim-cache.ts';
import { listOf, statusObject, watchOf } from './fault-proxy.ts';
import { configMap, keepingLog, madeByTest, type ProxiedApi, startProxiedApi } from './proxied-api.ts';

let api: ProxiedApi;
let client: KubernetesClient;
let path: string;

beforeAll(async () => {
  api = await startProxiedApi('reflector');
  client = createKubernetesClient({ kubeconfigPath: api.proxy.kubeconfigPath });
});
afterAll(async () => {
  await client.close();
  await api.stop();
});
beforeEach(async () => {
  path = `/api/v1/namespaces/${await api.newNamespace()}/configmaps`;
});

const slim = (raw: Record<string, unknown>): Cached => {
  const { namespace, name, uid, resourceVersion } = raw['metadata'] as Cached;
  return { namespace, name, uid, resourceVersion };
};

function startOn(options: Partial<ReflectorOptions<Cached>> = {}) {
  const log = keepingLog();
  const cache = createSlimCache<Cached>({ slim });
  const reflector = startReflector({
    client,
    path,
    cache,
    labelSelector: madeByTest,
    name: 'configmaps',
    log,
    ...options,
  });
  onTestFinished(() => reflector.stop());
  onTestFailed(() => console.info(log.lines.join('\n')));
  const names = () => [...cache.values()].map(({ name }) => name).sort();
  return { cache, reflector, log, names };
}

const create = (name: string) => api.direct.request({ method: 'POST', path, body: configMap(name) });
const lists = () => api.proxy.requests.filter(listOf(path)).length;
const watches = () => api.proxy.requests.filter(watchOf(path)).length;
const watchIsOpen = () => vi.waitFor(() => expect(api.proxy.requests.filter(watchOf(path)).at(-1)?.status).toBe(200));

/** Waits until the cache holds these. */
async function expectNames({ names }: ReturnType<typeof startOn>, expected: string[]): Promise<void> {
  await vi.waitFor(() => expect(names()).toEqual(expected), { timeout: 15_000, interval: 20 });
}

test('startReflector() survives a 503 on its list', async () => {
  await create('one');
  // More than the client's own repetitions within one list call could be known to bridge.
  const fault = api.proxy.fault(listOf(path), { type: 'answer', status: 503 }, 4);
  await expectNames(startOn(), ['one']);
  expect(fault.hits).toBe(4);
}, 30_000);

test('startReflector() survives a 429 on its watch, without listing again', async () => {
  const fault = api.proxy.fault(watchOf(path), { type: 'answer', status: 429 }, 3);
  const started = startOn();
  await vi.waitFor(() => expect(fault.hits).toBe(3), { timeout: 10_000 });
  await create('one');
  await expectNames(started, ['one']);
  expect(lists()).toBe(1);
}, 30_000);

test.each(['end', 'cut'] as const)(
  'startReflector() survives a watch that is closed (%s), and goes on where it was',
  async (how) => {
    const started = startOn();
    await watchIsOpen();
    await create('one');
    await expectNames(started, ['one']);
    for (const name of ['three', 'two']) {
      await vi.waitFor(() => expect(api.proxy.inFlight(watchOf(path), how)).toBe(1));
      await create(name);
    }
    await expectNames(started, ['one', 'three', 'two']);
    expect(lists()).toBe(1);
    expect(watches()).toBe(3);
  },
  30_000,
);

test.each([
  { name: 'as the status of a watch', break: () => breakWithStatus() },
  { name: 'as an event in a watch', break: () => breakWithEvent() },
])(
  'startReflector() lists again after a 410 $name, and sees what was deleted meanwhile',
  async ({ break: breakIt }) => {
    await create('one');
    const started = startOn();
    await expectNames(started, ['one']);
    await watchIsOpen();
    await breakIt();
    await create('two');
    await expectNames(started, ['two']);
    expect(lists()).toBe(2);
  },
  30_000,
);

const deleteOne = () => api.direct.request({ method: 'DELETE', path: `${path}/one` });

async function breakWithStatus(): Promise<void> {
  api.proxy.fault(watchOf(path), { type: 'answer', status: 410 }, 1);
  expect(api.proxy.inFlight(watchOf(path), 'mute')).toBe(1);
  await deleteOne();
  api.proxy.inFlight(watchOf(path), 'end');
}

async function breakWithEvent(): Promise<void> {
  expect(api.proxy.inFlight(watchOf(path), 'mute')).toBe(1);
  await deleteOne();
  const event = { type: 'ERROR', object: statusObject(410, 'too old resource version') };
  api.proxy.inFlight(watchOf(path), { write: `${JSON.stringify(event)}\n` });
}

test('startReflector() cuts a connection that has gone silent, and resumes', async () => {
  const started = startOn({ idleTimeoutMs: 1_000 });
  await watchIsOpen();
  expect(api.proxy.inFlight(watchOf(path), 'mute')).toBe(1);
  await create('unseen');
  await expectNames(started, ['unseen']);
  expect(lists()).toBe(1);
}, 30_000);

test('startReflector() bridges a server that is gone for a while', async () => {
  const started = startOn();
  await watchIsOpen();
  const fault = api.proxy.fault(({ path: asked }) => asked === path, { type: 'cut' });
  api.proxy.inFlight(watchOf(path), 'cut');
  await create('meanwhile');
  await vi.waitFor(() => expect(fault.hits).toBeGreaterThan(2), { timeout: 10_000 });
  fault.remove();
  await expectNames(started, ['meanwhile']);
}, 30_000);

test('stop() ends the watch and every further request', async () => {
  const started = startOn();
  await watchIsOpen();
  await started.reflector.stop();
  const before = api.proxy.requests.length;
  await create('after');
  await vi.waitFor(() => expect(api.proxy.inFlight(watchOf(path), 'mute')).toBe(0));
  expect(api.proxy.requests.length).toBe(before);
  expect(started.names()).toEqual([]);
});

test('absorb() shows an own write before the watch does, and the watch changes nothing then', async () => {
  const started = startOn();
  await watchIsOpen();
  api.proxy.inFlight(watchOf(path), 'mute');
  started.cache.absorb(await create('mine'));
  expect(started.names()).toEqual(['mine']);
});

test('startReflector() lists ten thousand objects without holding the event loop up', async () => {
  const count = 10_000;
  const note = 'x'.repeat(2_000);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      await api.direct.request({ method: 'POST', path, body: configMap(`object-${index}`, { note }) });
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const startedAtMs = performance.now();
  delay.enable();
  const { reflector, cache } = startOn({ client: api.direct });
  await reflector.synced;
  delay.disable();
  const tookMs = Math.round(performance.now() - startedAtMs);
  expect(cache.size).toBe(count);
  console.info(`10,000 objects listed in ${tookMs} ms, longest event-loop block ${Math.round(delay.max / 1e6)} ms`);
}, 180_000);
