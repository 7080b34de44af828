import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { podApiPaths } from '@berth/protocol';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import {
  type CertificateAuthority,
  ensureCertificateAuthority,
} from '../../../../operator/pods/certificate-authority.ts';
import { PodIdentityError, PodRefusedError, PodUnreachableError } from '../../../../operator/pods/errors.ts';
import { createSessionPodClient } from '../../../../operator/pods/session-pod-client.ts';
import { selfSignedCertificate } from '../../../../session-pod/api/self-signed-certificate.ts';
import { secretsInMemory } from './secrets-in-memory.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

let authority: CertificateAuthority;
beforeAll(async () => {
  const client = secretsInMemory() as unknown as KubernetesClient;
  authority = await ensureCertificateAuthority({ client, namespace: 'berth-system', nowMs: Date.now });
});

const certificate = selfSignedCertificate('pod', Date.now());

async function listening(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface Seen {
  readonly line: string;
  readonly body: string;
  readonly clientName: unknown;
}

/** A pod that answers everything alike. */
async function aPod(answer: { readonly status: number; readonly body: string } | 'silence') {
  const seen: Seen[] = [];
  const server = createServer(
    {
      key: certificate.keyPem,
      cert: certificate.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
      ca: authority.caPem,
    },
    (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        const socket = request.socket as TLSSocket;
        const clientName: unknown = socket.authorized ? socket.getPeerCertificate().subject.CN : 'a stranger';
        seen.push({ line: `${request.method} ${request.url}`, body, clientName });
        if (answer !== 'silence') response.writeHead(answer.status).end(answer.body);
      });
    },
  );
  const port = await listening(server);
  const client = createSessionPodClient({ authority, port, connectTimeoutMs: 500, timeoutMs: 500 });
  return { client, seen };
}

const target = { podIp: '127.0.0.1', certificateSha256: certificate.sha256 };

test('askToStop() shows the certificate of the operator and says how long', async () => {
  const { client, seen } = await aPod({ status: 202, body: '{}' });
  await client.askToStop({ ...target, withinMs: 30_000 });
  await client.askToStop({ ...target, withinMs: 30_000, logout: true });
  const line = `POST ${podApiPaths.stop}`;
  expect(seen).toEqual([
    { line, body: '{"withinMs":30000}', clientName: 'berth-operator' },
    { line, body: '{"withinMs":30000,"logout":true}', clientName: 'berth-operator' },
  ]);
});

test('fetchQr() gives the text, or nothing while nobody needs to scan', async () => {
  const waiting = await aPod({ status: 200, body: '{"qr":"2@abc"}' });
  expect(await waiting.client.fetchQr(target)).toBe('2@abc');
  const paired = await aPod({ status: 404, body: '{"title":"Not found"}' });
  expect(await paired.client.fetchQr(target)).toBeUndefined();
});

test('sendText() gives the id of the message', async () => {
  const { client, seen } = await aPod({ status: 200, body: '{"id":"3EB0"}' });
  expect(await client.sendText({ ...target, to: '15550001', text: 'hello' })).toEqual({ id: '3EB0' });
  expect(seen[0]).toMatchObject({ line: `POST ${podApiPaths.messages}`, body: '{"to":"15550001","text":"hello"}' });
});

test('sendText() tells why the pod refused', async () => {
  const { client } = await aPod({ status: 409, body: '{"detail":"the session is not ready"}' });
  const attempt = client.sendText({ ...target, to: '15550001', text: 'hello' });
  await expect(attempt).rejects.toThrow(PodRefusedError);
  await expect(attempt).rejects.toThrow('answered 409 (the session is not ready)');
});

test('askToStop() sends nothing to a pod that shows another certificate', async () => {
  const { client, seen } = await aPod({ status: 202, body: '{}' });
  const other = createHash('sha256').update(new X509Certificate(authority.caPem).raw).digest('hex');
  const attempt = client.askToStop({ ...target, certificateSha256: other, withinMs: 1 });
  await expect(attempt).rejects.toThrow(PodIdentityError);
  expect(seen).toEqual([]);
});

test.each(['silence after the request', 'silence before the handshake', 'nobody'])(
  'askToStop() gives up on %s',
  async (what) => {
    const accepting = createTcpServer(() => undefined);
    const port = await listening(accepting);
    if (what === 'nobody') accepting.close();
    const client =
      what === 'silence after the request'
        ? (await aPod('silence')).client
        : createSessionPodClient({ authority, port, connectTimeoutMs: 100, timeoutMs: 500 });
    await expect(client.askToStop({ ...target, withinMs: 1 })).rejects.toThrow(PodUnreachableError);
  },
);

test("askToStop() ends with the caller's signal", async () => {
  const { client } = await aPod('silence');
  const signal = AbortSignal.timeout(50);
  await expect(client.askToStop({ ...target, withinMs: 1, signal })).rejects.toThrow('aborted due to timeout');
});

test('fetchQr() gives up on an answer that has no end', async () => {
  const { client } = await aPod({ status: 200, body: 'x'.repeat(100_000) });
  await expect(client.fetchQr(target)).rejects.toThrow(PodUnreachableError);
});
