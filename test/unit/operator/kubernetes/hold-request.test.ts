import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';
import { holdRequest } from '../../../../operator/kubernetes/hold-request.ts';

const request = { method: 'PATCH', path: '/x', body: { metadata: { finalizers: null } } } as const;

async function settingsFor(server: Server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, pathPrefix: '', headers: { authorization: 'Bearer token' }, tls: {} };
}

test('holdRequest() is let in by its head, and what it asks for is done once it is sent', async () => {
  const bodies: string[] = [];
  const server = createServer();
  server.on('checkContinue', (incoming, answer) => {
    answer.writeContinue();
    let body = '';
    incoming.on('data', (chunk) => {
      body += String(chunk);
    });
    incoming.on('end', () => {
      bodies.push(`${incoming.headers.authorization} ${body}`);
      answer.end('{}');
    });
  });
  const held = await holdRequest(request, await settingsFor(server));
  expect([held.isAdmitted, bodies]).toEqual([true, []]);
  await held.send();
  expect(bodies).toEqual([`Bearer token ${JSON.stringify(request.body)}`]);
});

test('holdRequest() tells of a refusal before anything was sent', async () => {
  const server = createServer();
  server.on('checkContinue', (_, answer) => answer.writeHead(403).end('{"reason":"Forbidden","message":"no"}'));
  const held = holdRequest(request, await settingsFor(server));
  await expect(held).rejects.toMatchObject({ status: 403, reason: 'Forbidden' });
});

test('holdRequest() tells of a refusal after it was sent', async () => {
  const server = createServer();
  server.on('checkContinue', (incoming, answer) => {
    answer.writeContinue();
    incoming.resume().on('end', () => answer.writeHead(409).end('{"reason":"Conflict"}'));
  });
  const held = await holdRequest(request, await settingsFor(server));
  await expect(held.send()).rejects.toMatchObject({ status: 409, reason: 'Conflict' });
});

test('holdRequest() gives an ApiError without a server', async () => {
  const settings = { origin: 'http://127.0.0.1:9', pathPrefix: '', headers: {}, tls: {} };
  await expect(holdRequest(request, settings)).rejects.toThrow(ApiError);
});

test('holdRequest() that is dropped does nothing', async () => {
  let done = 0;
  const closed = Promise.withResolvers<void>();
  const server = createServer();
  server.on('checkContinue', (incoming, answer) => {
    incoming.resume().on('error', () => undefined);
    incoming.on('end', () => done++).on('close', () => closed.resolve());
    answer.writeContinue();
  });
  const held = await holdRequest(request, await settingsFor(server));
  held.drop();
  await closed.promise;
  expect(done).toBe(0);
});
