import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startServer, stopServer } from '../../admin-http/start-server.ts';
import { AskedTunnels } from '../../proxy/asked-tunnels.ts';
import { startHttpProxy } from '../../proxy/start-http-proxy.ts';

/** The status line that a proxy answers a CONNECT with. */
async function askFor(target: string, port: number, credentials?: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  const login = credentials === undefined ? '' : `proxy-authorization: Basic ${btoa(credentials)}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n${login}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString('utf8').split('\r\n')[0] ?? '';
}

test('a proxy that takes any user tells by the user what was asked for, and turns away who shows none', async () => {
  const target = createServer();
  const targetPort = await startServer(target, { port: 0, host: '127.0.0.1' });
  onTestFinished(() => stopServer(target));
  const tunnels = new AskedTunnels();
  const resolve = (name: string) => (name === 'web.whatsapp.com' ? '127.0.0.1' : undefined);
  const proxy = await startHttpProxy({ credentials: 'any', onTunnel: tunnels.add, resolve });
  onTestFinished(() => proxy.stop());
  const port = Number(new URL(proxy.url).port);

  expect(await askFor(`127.0.0.1:${targetPort}`, port)).toBe('HTTP/1.1 407 Proxy Authentication Required');
  expect(await askFor(`127.0.0.1:${targetPort}`, port, 'one:p:w')).toBe('HTTP/1.1 200 Connection Established');
  expect(await askFor(`web.whatsapp.com:${targetPort}`, port, 'two:')).toBe('HTTP/1.1 200 Connection Established');
  expect(tunnels.of('one')).toEqual([
    { target: `127.0.0.1:${targetPort}`, credentials: { username: 'one', password: 'p:w' } },
  ]);
  expect(tunnels.of('two')).toEqual([
    { target: `web.whatsapp.com:${targetPort}`, credentials: { username: 'two', password: '' } },
  ]);
});

test('a connection that breaks in the tunnel breaks for the client, which gets nothing that the target did not send', async () => {
  const accepted: Socket[] = [];
  const target = createTcpServer((socket) => {
    socket.on('error', () => undefined); // It is cut below.
    accepted.push(socket);
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  onTestFinished(() => void target.close());
  const proxy = await startHttpProxy();
  onTestFinished(() => proxy.stop());
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(proxy.url).port) });
  onTestFinished(() => void socket.destroy());
  const { port } = target.address() as AddressInfo;
  socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('utf8')).toBe('HTTP/1.1 200 Connection Established\r\n\r\n');
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  const closed = once(socket, 'close');
  socket.write('the first request');
  const [first] = await vi.waitUntil(() => (accepted.length > 0 ? accepted : undefined), { timeout: 10_000 });
  first?.resetAndDestroy();
  await closed;
  expect(Buffer.concat(received).toString('utf8')).toBe('');
});
