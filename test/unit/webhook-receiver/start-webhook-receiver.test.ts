import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createReceiver, type Receiver } from '../../webhook-receiver/receiver-client.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../webhook-receiver/start-webhook-receiver.ts';

const secrets = ['whsec_Zmlyc3Qtc2VjcmV0LWZvci10ZXN0cw==', 'whsec_c2Vjb25kLXNlY3JldC1mb3ItdGVzdHM='];
let server: WebhookReceiver;
let receiver: Receiver;

beforeAll(async () => {
  server = await startWebhookReceiver({ secrets });
  receiver = createReceiver({ baseUrl: server.baseUrl });
});
beforeEach(() => receiver.forget());
afterAll(() => server.stop());

const post = (path: string, body = '{}', headers: Record<string, string> = {}, timeoutMs = 5_000) =>
  fetch(`${server.baseUrl}${path}`, { method: 'POST', body, headers, signal: AbortSignal.timeout(timeoutMs) });

function signed(body: string, secret = '', timestamp = new Date()) {
  return {
    'webhook-id': 'run-1',
    'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('run-1', timestamp, body),
  };
}

test('startWebhookReceiver() records what each path got', async () => {
  await post('/a', '{"a":1}', { 'x-mark': 'yes' });
  await post('/b', '{"b":1}');
  expect(await receiver.received('/a')).toMatchObject([
    { path: '/a', body: '{"a":1}', answer: 200, headers: { 'x-mark': 'yes' } },
  ]);
  expect((await receiver.received()).map(({ path }) => path)).toEqual(['/a', '/b']);
  await receiver.forget('/a');
  expect((await receiver.received()).map(({ path }) => path)).toEqual(['/b']);
});

test.each([
  { name: 'the first secret', headers: signed('{}', secrets[0]), is: { verifiedBy: 0 } },
  { name: 'the second secret', headers: signed('{}', secrets[1]), is: { verifiedBy: 1 } },
  { name: 'another body', headers: signed('{ }', secrets[0]), is: { signatureError: 'No matching signature found' } },
  { name: 'no secret at all', headers: {}, is: { signatureError: 'Missing required headers' } },
  {
    name: 'an old time',
    headers: signed('{}', secrets[1], new Date(Date.now() - 600_000)),
    is: { signatureError: 'Message timestamp too old' },
  },
])('startWebhookReceiver() tells of a request signed with $name', async ({ headers, is }) => {
  await post('/signed', '{}', headers);
  expect(await receiver.received('/signed')).toMatchObject([is]);
});

test('trust() adds a secret', async () => {
  const { place } = await receiver.trust('whsec_dGhpcmQtc2VjcmV0LWZvci10ZXN0cw==');
  await post('/trust', '{}', signed('{}', 'whsec_dGhpcmQtc2VjcmV0LWZvci10ZXN0cw=='));
  expect(await receiver.received('/trust')).toMatchObject([{ verifiedBy: place }]);
});

test('behave() answers with a status so many times, then with 200, and leaves other paths alone', async () => {
  await receiver.behave('/down', { kind: 'status', status: 503, times: 2 });
  const statuses: number[] = [];
  for (const path of ['/down', '/up', '/down', '/down']) statuses.push((await post(path)).status);
  expect(statuses).toEqual([503, 200, 503, 200]);
});

test('behave() answers with a status until told otherwise', async () => {
  await receiver.behave('/broken', { kind: 'status', status: 500 });
  expect([(await post('/broken')).status, (await post('/broken')).status]).toEqual([500, 500]);
  await receiver.behave('/broken', { kind: 'status' });
  expect((await post('/broken')).status).toBe(200);
});

test('behave() hangs, closes and is slow', async () => {
  await receiver.behave('/hang', { kind: 'hang', times: 1 });
  await expect(post('/hang', '{}', {}, 100)).rejects.toThrow(/timeout/);
  await receiver.behave('/close', { kind: 'close', times: 1 });
  await expect(post('/close')).rejects.toThrow('fetch failed');
  await receiver.behave('/slow', { kind: 'slow', delayMs: 50, times: 1 });
  const startedMs = performance.now();
  expect((await post('/slow')).status).toBe(200);
  expect(performance.now() - startedMs).toBeGreaterThan(45);
  expect((await receiver.received()).map(({ answer }) => answer)).toEqual(['hang', 'close', 200]);
});

test.each([
  { body: { path: 'a', kind: 'hang' }, field: 'path' },
  { body: { path: '/a', kind: 'explode' }, field: 'kind' },
  { body: { path: '/a', kind: 'status', status: 99 }, field: 'status' },
  { body: { path: '/a', kind: 'slow', delayMs: -1 }, field: 'delayMs' },
  { body: { path: '/a', kind: 'hang', times: 0 }, field: 'times' },
])('POST /admin/behaviour answers 400 and names "$field"', async ({ body, field }) => {
  const answer = await post('/admin/behaviour', JSON.stringify(body));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { field } });
});

test('startWebhookReceiver() refuses a body of more than 1 MiB', async () => {
  expect((await post('/big', 'x'.repeat(2_000_000))).status).toBe(400);
  expect(await receiver.received('/big')).toEqual([]);
});
