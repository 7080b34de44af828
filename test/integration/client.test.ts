import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type KubernetesClient, mergePatch, type WatchEvent } from '../../operator/kubernetes/client.ts';
import { type ApiResponse, createKubernetesClient } from '../../operator/kubernetes/create-client.ts';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNamespaceTerminating,
  isNotFound,
  isUnreachable,
} from '../../operator/kubernetes/errors.ts';
import { isWrite, type RequestMatcher, watchOf } from './fault-proxy.ts';
import { configMap, madeByTest, type ProxiedApi, startProxiedApi } from './proxied-api.ts';

let api: ProxiedApi;
let client: KubernetesClient;
let namespace: string;
let path: string;
const responses: ApiResponse[] = [];

beforeAll(async () => {
  api = await startProxiedApi('client');
  client = createKubernetesClient({
    kubeconfigPath: api.proxy.kubeconfigPath,
    onResponse: (response) => responses.push(response),
  });
});
afterAll(async () => {
  await client.close();
  await api.stop();
});
beforeEach(async () => {
  namespace = await api.newNamespace();
  path = `/api/v1/namespaces/${namespace}/configmaps`;
  responses.length = 0;
});

/** What the proxy saw of this test, as method and status. */
const seen = () =>
  api.proxy.requests.filter((one) => one.path.startsWith(path)).map((one) => `${one.method} ${one.status}`);
const ofThisTest: RequestMatcher = (one) => one.path.startsWith(path);
const create = (name: string) => client.request({ method: 'POST', path, body: configMap(name) });
const list = (timeoutMs = 10_000) =>
  client.request<{ items: unknown[] }>({ method: 'GET', path, query: { labelSelector: madeByTest }, timeoutMs });

async function failureOf(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    (value) => expect.fail(`it was answered: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

test('request() creates, patches and deletes, and tells each response', async () => {
  await create('one');
  const body = { data: { key: 'wért' } };
  const patched = await client.request({ method: 'PATCH', path: `${path}/one`, body, contentType: mergePatch });
  expect(patched).toMatchObject({ data: { key: 'wért' } });
  await client.request({ method: 'DELETE', path: `${path}/one` });
  expect(responses.map(({ method, resource, status }) => `${method} ${resource} ${status}`)).toEqual([
    'POST configmaps 201',
    'PATCH configmaps 200',
    'DELETE configmaps 200',
  ]);
});

test('request() throws errors that can be told apart', async () => {
  await create('one');
  expect(isAlreadyExists(await failureOf(create('one')))).toBe(true);
  expect(isNotFound(await failureOf(client.request({ method: 'GET', path: `${path}/none` })))).toBe(true);
  const stale = { ...configMap('one'), metadata: { name: 'one', resourceVersion: '1' } };
  expect(isConflict(await failureOf(client.request({ method: 'PUT', path: `${path}/one`, body: stale })))).toBe(true);
  const held = { metadata: { finalizers: ['berth.dev/test'] } };
  await client.request({ method: 'PATCH', path: `${path}/one`, body: held, contentType: mergePatch });
  await api.direct.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` });
  const terminating = await failureOf(create('late'));
  const released = { metadata: { finalizers: null } };
  await client.request({ method: 'PATCH', path: `${path}/one`, body: released, contentType: mergePatch });
  expect(isNamespaceTerminating(terminating) && isForbidden(terminating)).toBe(true);
});

test.each([
  { name: 'a 503', fault: { type: 'answer', status: 503 }, first: 'GET 503' },
  { name: 'a 429', fault: { type: 'answer', status: 429 }, first: 'GET 429' },
  { name: 'a cut connection', fault: { type: 'cut' }, first: 'GET 0' },
] as const)('request() repeats a GET after $name', async ({ fault, first }) => {
  api.proxy.fault(ofThisTest, fault, 1);
  expect((await list()).items).toEqual([]);
  expect(seen()).toEqual([first, 'GET 200']);
});

test('request() repeats a write after a 429 alone, and not before Retry-After', async () => {
  api.proxy.fault(isWrite, { type: 'answer', status: 429, headers: { 'retry-after': '1' } }, 1);
  const startedAtMs = performance.now();
  await create('one');
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(995);
  expect(seen()).toEqual(['POST 429', 'POST 201']);
});

test('request() does not repeat a write after a 503', async () => {
  api.proxy.fault(isWrite, { type: 'answer', status: 503 }, 1);
  expect(await failureOf(create('one'))).toMatchObject({ status: 503, retryable: true });
  expect(seen()).toEqual(['POST 503']);
});

test('request() does not repeat a write whose answer was lost, for it may have been done', async () => {
  api.proxy.fault(isWrite, { type: 'cut-answer' }, 1);
  expect(isUnreachable(await failureOf(create('one')))).toBe(true);
  expect(seen()).toEqual(['POST 0']);
  expect((await list()).items).toHaveLength(1);
});

test('request() gives up at its timeout, whether the server is silent or goes on refusing', async () => {
  const silence = api.proxy.fault(ofThisTest, { type: 'silence' });
  const silent = await failureOf(list(300));
  expect(isUnreachable(silent)).toBe(true);
  expect((silent as Error).message).toContain('not done within 300 ms');
  silence.remove();
  const refusing = api.proxy.fault(ofThisTest, { type: 'answer', status: 503 });
  expect(await failureOf(list(500))).toMatchObject({ retryable: true });
  expect(refusing.hits).toBeGreaterThan(1);
  refusing.remove();
});

test("request() ends with its caller's own reason when aborted", async () => {
  const silence = api.proxy.fault(ofThisTest, { type: 'silence' });
  const controller = new AbortController();
  const failure = failureOf(client.request({ method: 'GET', path, signal: controller.signal }));
  await vi.waitFor(() => expect(silence.hits).toBe(1));
  controller.abort(new Error('shutting down'));
  expect(await failure).toEqual(new Error('shutting down'));
  silence.remove();
});

test('request() is sent over few connections that are kept, and watches never starve it', async () => {
  const before = api.proxy.connections;
  const controller = new AbortController();
  const watches = Array.from({ length: 30 }, () => collect(controller.signal));
  await vi.waitFor(() => expect(api.proxy.requests.filter(watchOf(path)).length).toBe(30));
  await Promise.all(Array.from({ length: 300 }, () => list()));
  expect(api.proxy.connections - before - 30).toBeLessThanOrEqual(16);
  controller.abort();
  await Promise.all(watches);
});

test('request() keeps its connection, whatever was asked over it', async () => {
  await list();
  const before = api.proxy.connections;
  for (const name of ['one', 'two', 'three']) {
    await create(name);
    await client.request({ method: 'PATCH', path: `${path}/${name}`, body: {}, contentType: mergePatch });
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
    await client.request({ method: 'DELETE', path: `${path}/${name}`, body });
  }
  await failureOf(client.request({ method: 'GET', path: `${path}/gone` }));
  await list();
  // Asked one after the other: a second one may be opened while the first is not yet free again.
  expect(api.proxy.connections - before).toBeLessThanOrEqual(1);
});

test('request() reads the credentials again when they are refused', async () => {
  const credentials = `${api.kubeconfigPath}.credentials`;
  const kubeconfigPath = await kubeconfigWithPlugin(credentials);
  await writeCredentials(credentials, 'expired');
  const tokenClient = createKubernetesClient({ kubeconfigPath });
  onTestFinished(() => tokenClient.close());
  const whoAmI = {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  } as const;
  expect(await failureOf(tokenClient.request(whoAmI))).toMatchObject({ status: 401 });
  await writeCredentials(credentials, await newToken());
  expect(await tokenClient.request(whoAmI)).toMatchObject({
    status: { userInfo: { username: `system:serviceaccount:${namespace}:robot` } },
  });
});

test('createKubernetesClient() says what is wrong with a kubeconfig', async () => {
  const broken = createKubernetesClient({ kubeconfigPath: '/nowhere/kubeconfig' });
  const failure = await failureOf(broken.request({ method: 'GET', path: '/version' }));
  expect((failure as Error).message).toMatch(/^Cannot connect to the API server: .*nowhere.*; check the kubeconfig/);
});

test("nowMs() is the API server's time", async () => {
  await list();
  expect(Math.abs(client.nowMs() - Date.now())).toBeLessThan(1_000);
});

test('watch() yields each event, with characters of several bytes, until the server ends it', async () => {
  const events = collect(new AbortController().signal, { timeoutSeconds: '1' });
  await vi.waitFor(() => expect(api.proxy.requests.filter(watchOf(path)).length).toBe(1));
  await client.request({ method: 'POST', path, body: configMap('one', { text: '…🦊'.repeat(50_000) }) });
  await client.request({ method: 'DELETE', path: `${path}/one` });
  const seenEvents = await events;
  expect(seenEvents.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
  expect(seenEvents[0]?.object['data']).toEqual({ text: '…🦊'.repeat(50_000) });
});

test('watch() ends without an error when it is aborted', async () => {
  const controller = new AbortController();
  const events = collect(controller.signal);
  await vi.waitFor(() => expect(api.proxy.requests.filter(watchOf(path)).length).toBe(1));
  controller.abort();
  expect(await events).toEqual([]);
});

test.each([
  { name: 'refused', fault: { type: 'answer', status: 429 }, status: 429 },
  { name: 'cut before it is open', fault: { type: 'cut' }, status: 0 },
  { name: 'never answered', fault: { type: 'silence' }, status: 0 },
] as const)('watch() throws when it is $name', async ({ fault, status }) => {
  const armed = api.proxy.fault(watchOf(path), fault);
  expect(await failureOf(collect(new AbortController().signal, {}, 500))).toMatchObject({ status });
  armed.remove();
});

test.each(['cut', 'mute'] as const)('watch() throws when it is %s in the middle', async (how) => {
  const failure = failureOf(collect(new AbortController().signal, {}, 1_000));
  await vi.waitFor(() => expect(api.proxy.inFlight(watchOf(path), how)).toBe(1));
  expect(isUnreachable(await failure)).toBe(true);
});

async function collect(signal: AbortSignal, query: Record<string, string> = {}, idleTimeoutMs = 60_000) {
  const events: WatchEvent[] = [];
  for await (const event of client.watch({
    path,
    query: { labelSelector: madeByTest, ...query },
    idleTimeoutMs,
    signal,
  }))
    events.push(event);
  return events;
}

async function serverUrl(): Promise<string> {
  const { clusters } = JSON.parse(await readFile(api.kubeconfigPath, 'utf8')) as {
    clusters: [{ cluster: { server: string } }];
  };
  return clusters[0].cluster.server;
}

/** A kubeconfig whose user is whoever the file names at the moment. */
async function kubeconfigWithPlugin(credentials: string): Promise<string> {
  const cluster = { server: await serverUrl(), 'insecure-skip-tls-verify': true };
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'cat', args: [credentials] };
  const file = `${api.kubeconfigPath}.plugin`;
  const config = {
    'current-context': 'test',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user: { exec } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

function writeCredentials(file: string, token: string): Promise<void> {
  return writeFile(file, JSON.stringify({ kind: 'ExecCredential', status: { token } }));
}

async function newToken(): Promise<string> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await api.direct.request({ method: 'POST', path: accounts, body: { metadata: { name: 'robot' } } });
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } };
  const answer = await api.direct.request<{ status: { token: string } }>({
    method: 'POST',
    path: `${accounts}/robot/token`,
    body,
  });
  return answer.status.token;
}
