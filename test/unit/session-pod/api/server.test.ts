import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recentAcksRoute } from '@berth/session-pod/api/routes/acks.get.ts';
import { healthzRoute } from '@berth/session-pod/api/routes/healthz.get.ts';
import { recentMessagesRoute } from '@berth/session-pod/api/routes/messages.get.ts';
import { sendMessageRoute } from '@berth/session-pod/api/routes/messages.post.ts';
import { metricsRoute } from '@berth/session-pod/api/routes/metrics.get.ts';
import { pairingCodeRoute } from '@berth/session-pod/api/routes/pairing-code.get.ts';
import { qrRoute } from '@berth/session-pod/api/routes/qr.get.ts';
import { readyzRoute } from '@berth/session-pod/api/routes/readyz.get.ts';
import { stopRoute } from '@berth/session-pod/api/routes/stop.post.ts';
import { selfSignedCertificate } from '@berth/session-pod/api/self-signed-certificate.ts';
import { createApiServer } from '@berth/session-pod/api/server.ts';
import { watchCertificateAuthority } from '@berth/session-pod/deliver/certificate-authority.ts';
import { createMetrics } from '@berth/session-pod/publish/metrics.ts';
import { createRecentAcks } from '@berth/session-pod/run/recent-acks.ts';
import { createRecentMessages } from '@berth/session-pod/run/recent-messages.ts';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Credentials, TestAuthority } from '../../../builders/a-certificate-authority.ts';
import { aCertificateAuthority } from '../../../builders/a-certificate-authority.ts';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { eventually } from '../eventually.ts';
import { httpsRequest } from '../https-request.ts';
import { silentLog } from '../silent-log.ts';

let authority: TestAuthority;
let client: Credentials;
beforeAll(async () => {
  authority = await aCertificateAuthority();
  client = await authority.issue('berth-operator');
});

interface Given {
  readonly state?: 'ready' | 'waiting_for_pairing';
  readonly probe?: () => Promise<void>;
  readonly sendText?: (to: string, text: string) => Promise<string>;
}

/** The pod's API with a session behind it that does as told. */
async function aServer({ state = 'ready', probe = async () => {}, sendText = async () => 'id-1' }: Given = {}) {
  const caFile = join(aTemporaryDirectory(), 'ca.crt');
  writeFileSync(caFile, authority.pem);
  const ca = watchCertificateAuthority(caFile, silentLog, 50);
  const certificate = selfSignedCertificate('alpha', Date.now());
  const messages = createRecentMessages(3);
  const acks = createRecentAcks();
  const stops: number[] = [];
  const server = createApiServer({
    ca,
    certificate,
    log: silentLog,
    routes: [
      healthzRoute(),
      metricsRoute({ metrics: createMetrics() }),
      readyzRoute({ state: () => state, probe }),
      qrRoute({ qr: () => (state === 'ready' ? undefined : 'the-qr') }),
      pairingCodeRoute({ pairingCode: () => (state === 'ready' ? undefined : 'ABCD1234') }),
      sendMessageRoute({ isReady: () => state === 'ready', sendText, sendMedia: async () => 'id-2' }),
      recentAcksRoute({ since: acks.since }),
      recentMessagesRoute({ since: messages.since }),
      stopRoute({ stop: ({ withinMs }) => stops.push(withinMs) }),
    ],
  });
  const port = await server.listen(0);
  onTestFinished(async () => {
    ca.close();
    await server.close();
  });
  return { port, caFile, certificate, messages, acks, stops };
}

test.each(['/v1/qr', '/v1/pairing-code', '/v1/messages', '/v1/acks'])(
  'createApiServer() serves %s to the operator alone',
  async (path) => {
    const { port } = await aServer({ state: 'waiting_for_pairing' });
    expect(await httpsRequest(port, path)).toMatchObject({ status: 401, contentType: 'application/problem+json' });
    const stranger = await (await aCertificateAuthority()).issue('berth-operator');
    expect(await httpsRequest(port, path, { client: stranger })).toMatchObject({ status: 401 });
    const colleague = await authority.issue('berth-gateway');
    expect(await httpsRequest(port, path, { client: colleague })).toMatchObject({
      status: 403,
      json: { code: 'NOT_THE_OPERATOR', title: 'Not the operator' },
    });
    expect(await httpsRequest(port, path, { client })).toMatchObject({ status: 200 });
  },
);

test('createApiServer() stops nobody but for the operator', async () => {
  const { port, stops } = await aServer();
  const body = JSON.stringify({ withinMs: 5_000 });
  expect(await httpsRequest(port, '/v1/stop', { body })).toMatchObject({ status: 401 });
  expect(stops).toEqual([]);
  expect(await httpsRequest(port, '/v1/stop', { body, client })).toMatchObject({ status: 202, json: {} });
  expect(stops).toEqual([5_000]);
});

test('createApiServer() serves the probes and the metrics without a certificate', async () => {
  const { port } = await aServer();
  expect(await httpsRequest(port, '/healthz')).toMatchObject({ status: 200 });
  expect(await httpsRequest(port, '/readyz')).toMatchObject({ status: 200 });
  const metrics = await httpsRequest(port, '/metrics');
  expect(metrics.text).toContain('berth_session_messages_total{direction="in"} 0');
  expect(metrics.text).toContain('process_resident_memory_bytes');
});

test('createApiServer() serves the certificate whose hash goes into the reports', async () => {
  const { port, certificate } = await aServer();
  const served = (await httpsRequest(port, '/healthz')).certificate;
  expect(createHash('sha256').update(served.raw).digest('hex')).toBe(certificate.sha256);
  const parsed = new X509Certificate(served.raw);
  expect(parsed.subject).toBe('CN=alpha');
  expect(parsed.verify(parsed.publicKey)).toBe(true);
});

test('createApiServer() believes the new CA once the file has it, and the old one no more', async () => {
  const { port, caFile } = await aServer({ state: 'waiting_for_pairing' });
  const next = await aCertificateAuthority();
  const nextClient = await next.issue('berth-operator');
  writeFileSync(caFile, 'a bad moment'); // Ignored: the last good content stays.
  expect(await httpsRequest(port, '/v1/qr', { client: nextClient })).toMatchObject({ status: 401 });
  writeFileSync(caFile, authority.pem + next.pem);
  await eventually(
    () => httpsRequest(port, '/v1/qr', { client: nextClient }),
    ({ status }) => status === 200,
  );
  expect(await httpsRequest(port, '/v1/qr', { client })).toMatchObject({ status: 200 });
  writeFileSync(caFile, next.pem);
  await eventually(
    () => httpsRequest(port, '/v1/qr', { client }),
    ({ status }) => status === 401,
  );
});

test.each([
  { name: 'an unknown path', path: '/v2/qr', options: {}, status: 404 },
  { name: 'a path that is no URL', path: '//', options: {}, status: 404 },
  { name: 'a method that a path has not', path: '/v1/qr', options: { method: 'DELETE' }, status: 405 },
  { name: 'a body that is no JSON', path: '/v1/stop', options: { body: '{' }, status: 400 },
  { name: 'a body that is too large', path: '/v1/stop', options: { body: 'x'.repeat(600_000) }, status: 413 },
  { name: 'a stop without a time', path: '/v1/stop', options: { body: '{}' }, status: 400 },
  { name: 'a stop with half a logout', path: '/v1/stop', options: { body: '{"withinMs":1,"logout":1}' }, status: 400 },
  { name: 'a stop with a negative time', path: '/v1/stop', options: { body: '{"withinMs":-1}' }, status: 400 },
  {
    name: 'a recipient that is none',
    path: '/v1/messages',
    options: { body: '{"to":"Bob","text":"hi"}' },
    status: 400,
  },
  { name: 'an empty text', path: '/v1/messages', options: { body: '{"to":"5511999999999","text":""}' }, status: 400 },
  { name: 'a body that is null', path: '/v1/messages', options: { body: 'null' }, status: 400 },
  { name: 'a cursor that is none', path: '/v1/messages?since=x', options: {}, status: 400 },
  { name: 'a cursor of acks that is none', path: '/v1/acks?since=-1', options: {}, status: 400 },
  { name: 'a QR code that nobody waits for', path: '/v1/qr', options: {}, status: 404 },
  { name: 'a pairing code that nobody waits for', path: '/v1/pairing-code', options: {}, status: 404 },
] as const)('createApiServer() answers $name with a problem of status $status', async ({ path, options, status }) => {
  const { port } = await aServer();
  expect(await httpsRequest(port, path, { ...options, client })).toMatchObject({
    status,
    contentType: 'application/problem+json',
    json: { status, detail: expect.stringMatching(/^Cannot /) },
  });
});

test.each([
  { name: 'the state, while the session is not ready', given: { state: 'waiting_for_pairing' }, reason: /not ready/ },
  {
    name: 'why the engine fails',
    given: { probe: () => Promise.reject(new Error('engine hangs')) },
    reason: /engine hangs/,
  },
] as const)('readyzRoute() answers 503 with $name', async ({ given, reason }) => {
  const { port } = await aServer(given);
  const answer = await httpsRequest(port, '/readyz');
  expect(answer).toMatchObject({ status: 503, json: { reason: expect.stringMatching(reason) } });
});

test('sendMessageRoute() sends to a number or an address, and says when it cannot', async () => {
  const sent: string[][] = [];
  const { port } = await aServer({
    async sendText(to, text) {
      sent.push([to, text]);
      if (text === 'hang')
        throw new Error('Cannot send the message: no answer within 20000 ms; look for a hung engine');
      return 'id-7';
    },
  });
  const post = (to: string, text: string) =>
    httpsRequest(port, '/v1/messages', { client, body: JSON.stringify({ to, text }) });
  expect(await post('+5511999999999', 'hi')).toMatchObject({ status: 200, json: { id: 'id-7' } });
  expect(await post('5511999999999@s.whatsapp.net', 'hi')).toMatchObject({ status: 200 });
  expect(await post('5511999999999', 'hang')).toMatchObject({ status: 504, json: { code: 'SEND_UNCONFIRMED' } });
  expect(sent.map(([to]) => to)).toEqual(['5511999999999', '5511999999999@s.whatsapp.net', '5511999999999']);
  const waiting = await aServer({ state: 'waiting_for_pairing' });
  const body = JSON.stringify({ to: '5511999999999', text: 'hi' });
  expect(await httpsRequest(waiting.port, '/v1/messages', { client, body })).toMatchObject({ status: 409 });
});

test('recentMessagesRoute() gives the kept messages after a sequence', async () => {
  const { port, messages } = await aServer();
  for (const id of ['1', '2', '3', '4']) messages.add({ id, chat: 'c', from: 'c', text: `text ${id}`, sentAtMs: 0 });
  const ids = async (path: string) =>
    ((await httpsRequest(port, path, { client })).json as { messages: { id: string }[] }).messages.map(({ id }) => id);
  expect(await ids('/v1/messages')).toEqual(['2', '3', '4']);
  expect(await ids('/v1/messages?since=3')).toEqual(['4']);
});

test('pairingCodeRoute() gives the code that waits to be entered', async () => {
  const { port } = await aServer({ state: 'waiting_for_pairing' });
  expect((await httpsRequest(port, '/v1/pairing-code', { client })).json).toEqual({ pairingCode: 'ABCD1234' });
});

test('recentAcksRoute() gives what was learnt after a sequence', async () => {
  const { port, acks } = await aServer();
  acks.add({ id: 'm1', level: 'sent' });
  acks.add({ id: 'm1', level: 'read' });
  acks.add({ id: 'm2', level: 'sent' });
  const since = async (query: string) => (await httpsRequest(port, `/v1/acks${query}`, { client })).json;
  expect(await since('')).toEqual({
    acks: [
      { id: 'm1', level: 'read', sequence: 2 },
      { id: 'm2', level: 'sent', sequence: 3 },
    ],
  });
  expect(await since('?since=2')).toEqual({ acks: [{ id: 'm2', level: 'sent', sequence: 3 }] });
});
