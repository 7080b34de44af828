import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { OutboundFailedError, OutboundRefusedError } from '../../../session-pod/protocol/outbound-errors.ts';
import type { ResolveAll } from '../../../session-pod/protocol/outbound-lookup.ts';
import {
  createOutbound,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
} from '../../../session-pod/protocol/outbound-request.ts';
import { createCertificateAuthority } from '../../cluster/certificates.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const loopback = { allow: ['127.0.0.0/8'], never: [] };

async function listening(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const receiving = (listener: RequestListener) => listening(createServer(listener));

function outbound(options: Partial<OutboundOptions> = {}): Outbound {
  const made = createOutbound({ policy: loopback, ...options });
  cleanups.push(() => made.close());
  return made;
}

function aPost(url: string, overrides: Partial<OutboundRequest> = {}): OutboundRequest {
  return { url, headers: { 'content-type': 'text/plain' }, body: 'hello', timeoutMs: 2_000, ...overrides };
}

test('post() sends the body, the headers and the path with its query, and gives the status', async () => {
  const seen: unknown[] = [];
  const port = await receiving((request, response) => {
    request.once('data', (body) => {
      seen.push([request.method, request.url, request.headers['x-id'], request.headers.host, String(body)]);
      response.writeHead(204).end();
    });
  });
  const answer = await outbound().post(aPost(`http://127.0.0.1:${port}/in?token=1`, { headers: { 'x-id': '7' } }));
  expect(answer).toEqual({ status: 204 });
  expect(seen).toEqual([['POST', '/in?token=1', '7', `127.0.0.1:${port}`, 'hello']]);
});

test('post() connects to the address that was checked, with Host and SNI of the URL', async () => {
  const authority = await createCertificateAuthority('test');
  const { certificate, key } = await authority.issue({ commonName: 'x', dnsNames: ['receiver.shop.svc'] });
  const seen: unknown[] = [];
  const server = createTlsServer({ cert: certificate, key }, (request, response) => {
    seen.push(request.headers.host, (request.socket as TLSSocket).servername);
    response.end();
  });
  const port = await listening(server);
  const resolve: ResolveAll = (_host, done) =>
    done(null, [
      { address: '10.0.0.1', family: 4 }, // Refused, so never tried.
      { address: '127.0.0.1', family: 4 },
    ]);
  const guarded = outbound({ resolve, ca: authority.certificate });
  const url = `https://receiver.shop.svc:${port}/`;
  expect(await guarded.post(aPost(url))).toEqual({ status: 200 });
  expect(await guarded.post(aPost(url))).toEqual({ status: 200 });
  const once = [`receiver.shop.svc:${port}`, 'receiver.shop.svc'];
  expect(seen).toEqual([...once, ...once]);
  await expect(guarded.post(aPost(`https://other.shop.svc:${port}/`))).rejects.toThrow(OutboundFailedError);
  expect(seen).toHaveLength(4); // Another name than the certificate's: nothing was sent.
});

test('post() refuses a name when all its addresses are refused, and sends nothing', async () => {
  let requests = 0;
  const port = await receiving((_request, response) => {
    requests++;
    response.end();
  });
  const guarded = outbound({
    policy: { allow: [], never: [] },
    resolve: (_host, done) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ]),
  });
  const refusal = guarded.post(aPost(`http://rebound.example.com:${port}/`));
  await expect(refusal).rejects.toThrow(OutboundRefusedError);
  await expect(refusal).rejects.toThrow('no address of "rebound.example.com" may be reached');
  expect(requests).toBe(0);
});

test.each([
  ['http://127.0.0.1:1/', 'may not be reached'],
  ['http://127.1:1/', 'may not be reached'],
  ['http://2130706433:1/', 'may not be reached'],
  ['http://0x7f.0.0.1/', 'may not be reached'],
  ['http://[::1]:1/', 'may not be reached'],
  ['http://[::ffff:127.0.0.1]/', 'may not be reached'],
  ['http://169.254.169.254/latest/meta-data', 'may not be reached'],
  ['http://KUBERNETES.example.com./', "the API server's"],
  ['ftp://example.com/', 'neither http nor https'],
  ['file:///etc/passwd', 'neither http nor https'],
  ['https://user:secret@example.com/', 'a user or a password'],
  ['nonsense', 'not a URL'],
])('post() refuses %s', async (url, why) => {
  const refusal = outbound({ policy: { allow: [], never: ['kubernetes.example.com'] } }).post(aPost(url));
  await expect(refusal).rejects.toThrow(OutboundRefusedError);
  await expect(refusal).rejects.toThrow(why);
  await expect(refusal).rejects.not.toThrow('secret');
});

test('post() follows no redirect', async () => {
  const visited: (string | undefined)[] = [];
  const port = await receiving((request, response) => {
    visited.push(request.url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect(await outbound().post(aPost(`http://127.0.0.1:${port}/`))).toEqual({ status: 307 });
  expect(visited).toEqual(['/']);
});

test('post() does not wait for a body that never ends', async () => {
  const port = await receiving((_request, response) => {
    response.writeHead(200);
    response.write('x'.repeat(100_000));
  });
  expect(await outbound().post(aPost(`http://127.0.0.1:${port}/`))).toEqual({ status: 200 });
});

test('post() takes the status for the answer when the body breaks off', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'));
  });
  expect(await outbound().post(aPost(`http://127.0.0.1:${await listening(server)}/`))).toEqual({ status: 200 });
});

test('post() gives up a receiver that is silent', async () => {
  const port = await receiving(() => undefined);
  const failure = outbound().post(aPost(`http://127.0.0.1:${port}/?key=1`, { timeoutMs: 50 }));
  await expect(failure).rejects.toThrow(`Cannot send to "http://127.0.0.1:${port}": no answer within 50 ms;`);
  await expect(failure).rejects.toThrow(OutboundFailedError);
});

test('post() tells of a refused connection', async () => {
  const server = createTcpServer();
  const port = await listening(server);
  server.close();
  await expect(outbound().post(aPost(`http://127.0.0.1:${port}/`))).rejects.toMatchObject({
    code: 'OUTBOUND_FAILED',
    what: `connect ECONNREFUSED 127.0.0.1:${port}`,
  });
});

test("post() ends with the caller's signal", async () => {
  const port = await receiving(() => undefined);
  const signal = AbortSignal.timeout(20);
  await expect(outbound().post(aPost(`http://127.0.0.1:${port}/`, { signal }))).rejects.toThrow(OutboundFailedError);
});

test('createOutbound() refuses a policy with something that is no CIDR', () => {
  expect(() => createOutbound({ policy: { allow: ['everything'], never: [] } })).toThrow(RangeError);
});
