import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
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
