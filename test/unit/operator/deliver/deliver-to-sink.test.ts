import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, test } from 'vitest';
import type { ClusterSink } from '../../../../operator/deliver/cluster-sinks.ts';
import { createDeliverToSink } from '../../../../operator/deliver/deliver-to-sink.ts';
import { toldOf } from '../../../../operator/deliver/errors.ts';
import { createSigningKeys } from '../../../../operator/deliver/signing-keys.ts';
import type { KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import { secretsInMemory } from '../pods/secrets-in-memory.ts';
import { aSessionEnd } from './a-session-end.ts';

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A sink that answers with `status`, or never when that is undefined. */
async function aSink(status: number | undefined) {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    request.once('data', (body) => {
      received.push({ headers: request.headers, body: String(body) });
      if (status !== undefined) response.writeHead(status).end('the secret body of a receiver');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?token=hush` };
}

async function aDelivery(
  allow: readonly string[] = ['127.0.0.0/8'],
  clusterSinks: readonly ClusterSink[] = [],
  timeoutMs = 5_000,
) {
  const secrets = secretsInMemory();
  const operatorNamespace = 'berth-system';
  const client = secrets as unknown as KubernetesClient;
  const keys = createSigningKeys({ client, operatorNamespace, clusterSinks });
  const guard = { operatorNamespace, clusterSinks, allow, never: [] };
  const deliver = createDeliverToSink({ keys, ...guard, timeoutMs, nowMs: Date.now });
  const signal = new AbortController().signal;
  const createSecret = (namespace: string, name: string, stringData: Record<string, string>) =>
    secrets.request({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/secrets`,
      body: { metadata: { name }, stringData },
    });
  const secretOf = async (namespace: string, name: string) => {
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    const { data } = await secrets.request<{ data: Record<string, string> }>({ method: 'GET', path });
    return Buffer.from(data['key'] ?? '', 'base64').toString();
  };
  return { deliver, signal, createSecret, secretOf };
}

const secretRef = { name: 'hook', key: 'key' };
const [oldSecret, newSecret] = ['old', 'new'].map(
  (text) => `whsec_${Buffer.from(text.repeat(8)).toString('base64')}`,
) as [string, string];

function verifies(post: { headers: IncomingHttpHeaders; body: string } | undefined, secret: string): boolean {
  try {
    new Webhook(secret).verify(post?.body ?? '', post?.headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

test('deliverToSink() posts the CloudEvent, signed with the key that the sink names', async () => {
  const { received, url } = await aSink(202);
  const { deliver, signal, createSecret } = await aDelivery();
  await createSecret('shop', 'hook', { key: 'a raw key' });
  await deliver(aSessionEnd(), { url, secretRef }, signal);
  expect(received).toHaveLength(1);
  const { headers, body } = received[0] ?? { headers: {}, body: '' };
  expect(headers['content-type']).toBe('application/cloudevents+json');
  expect(headers['webhook-id']).toBe('run-1');
  const verified = new Webhook('a raw key', { format: 'raw' }).verify(body, headers as Record<string, string>);
  expect(verified).toEqual({
    specversion: '1.0',
    id: 'run-1',
    type: 'session_end',
    source: '/berth/namespaces/shop/sessions/alice',
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    data: {
      session: { namespace: 'shop', name: 'alice', uid: 'session-1' },
      run: { uid: 'run-1', number: 1 },
      engine: 'Baileys',
      account: { id: '15550001@s.whatsapp.net' },
      reason: 'force_killed',
      message: 'The session was killed',
      endedAt: '2026-01-01T00:00:00.000Z',
      terminationConfirmed: true,
    },
  });
});

test("deliverToSink() signs with the operator's own key, made once, where the sink names none", async () => {
  const { received, url } = await aSink(200);
  const { deliver, signal, secretOf } = await aDelivery();
  await deliver(aSessionEnd(), { url }, signal);
  await deliver(aSessionEnd(), { url }, signal);
  const key = await secretOf('berth-system', 'berth-signing-key');
  expect(key).toMatch(/^whsec_/);
  expect(received).toHaveLength(2);
  for (const { headers, body } of received)
    expect(() => new Webhook(key).verify(body, headers as Record<string, string>)).not.toThrow();
});

test.each([
  [500, '500 Internal Server Error'],
  [302, '302 Found'],
  [404, '404 Not Found'],
  [299, undefined],
])('deliverToSink() of an answer of %i', async (status, told) => {
  const { url } = await aSink(status);
  const { deliver, signal } = await aDelivery();
  const said = await deliver(aSessionEnd(), { url }, signal).then(() => undefined, toldOf);
  expect(said).toBe(told);
});

test("deliverToSink() signs with the operator's own key where the sink's is gone, and says so", async () => {
  const { received, url } = await aSink(200);
  const { deliver, signal, secretOf } = await aDelivery();
  const missing: string[] = [];
  await deliver(aSessionEnd(), { url, secretRef }, signal, (what) => missing.push(what));
  expect(missing).toEqual(['there is no key "key" in a Secret "hook"']);
  const key = await secretOf('berth-system', 'berth-signing-key');
  expect(verifies(received[0], key)).toBe(true);
});

test("deliverToSink() signs to a sink of the cluster with its key in the operator's namespace", async () => {
  const { received, url } = await aSink(200);
  const { deliver, signal, createSecret } = await aDelivery(undefined, [{ url, secretRef }]);
  await createSecret('shop', 'hook', { key: oldSecret });
  await createSecret('berth-system', 'hook', { key: newSecret });
  await deliver(aSessionEnd(), { url, cluster: true }, signal);
  expect([oldSecret, newSecret].map((secret) => verifies(received[0], secret))).toEqual([false, true]);
});

test("deliverToSink() uses no key of the operator's namespace for a sink that the configuration does not name", async () => {
  const { received, url } = await aSink(200);
  const { deliver, signal, createSecret } = await aDelivery(undefined, [
    { url: 'https://audit.example.com/', secretRef },
  ]);
  await createSecret('berth-system', 'hook', { key: newSecret });
  await deliver(aSessionEnd(), { url, cluster: true, secretRef }, signal);
  expect(verifies(received[0], newSecret)).toBe(false);
});

test('deliverToSink() signs with both secrets while a key is rotated', async () => {
  const { received, url } = await aSink(200);
  const { deliver, signal, createSecret } = await aDelivery();
  await createSecret('shop', 'hook', { key: `${newSecret}\n${oldSecret}\n` });
  await deliver(aSessionEnd(), { url, secretRef }, signal);
  expect([newSecret, oldSecret].map((secret) => verifies(received[0], secret))).toEqual([true, true]);
});

test('deliverToSink() gives up a silent sink, and tells of it without the query', async () => {
  const { url } = await aSink(undefined);
  const { deliver, signal } = await aDelivery(undefined, [], 200);
  const said = await deliver(aSessionEnd(), { url }, signal).catch(toldOf);
  expect(said).toBe('no answer within 200 ms');
});

test('deliverToSink() sends nothing to an address that is refused', async () => {
  const { received, url } = await aSink(200);
  const { deliver, signal } = await aDelivery([]);
  const said = await deliver(aSessionEnd(), { url }, signal).catch(toldOf);
  expect(said).toBe('"127.0.0.1" may not be reached (it is of the range "loopback")');
  expect(received).toEqual([]);
});

test('toldOf() is never longer than the status field', () => {
  expect(toldOf(Object.assign(new Error('x'), { what: '😀'.repeat(300) }))).toBe(`${'😀'.repeat(199)}…`);
  expect(toldOf(new Error('a bug, with a secret in it'))).toBe('the operator failed, see its log');
});
