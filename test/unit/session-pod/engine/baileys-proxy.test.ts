import { randomBytes } from 'node:crypto';
import { get } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import tls from 'node:tls';
import { proxyRoutes } from '@berth/session-pod/engine/baileys-proxy.ts';
import { expect, onTestFinished, test } from 'vitest';
import { aCertificateAuthority } from '../../../builders/a-certificate-authority.ts';
import { joinStreams, type Proxy, type ProxyOptions } from '../../../proxy/proxy.ts';
import { startHttpProxy } from '../../../proxy/start-http-proxy.ts';
import { startSocksProxy } from '../../../proxy/start-socks-proxy.ts';
import { eventually } from '../eventually.ts';
import { useBaileysEngine } from './use-baileys-engine.ts';

const { anEngine, aLinkedEngine, phone, whatsApp } = useBaileysEngine();
const credentials = { username: 'berth', password: 'p4ss%40word' };
/** A name that only the proxy knows. */
const name = 'whatsapp.example';
const byName = (hostname: string) => (hostname === name ? '127.0.0.1' : undefined);
const data = randomBytes(50_000);

test.each([
  { kind: 'HTTP', startProxy: startHttpProxy, number: '5511999950001' },
  { kind: 'HTTPS', startProxy: startHttpsProxy, number: '5511999950003' },
  { kind: 'SOCKS5', startProxy: startSocksProxy, number: '5511999950002' },
])(
  'createBaileysEngine() reaches WhatsApp and its files through a $kind proxy alone',
  async ({ startProxy, number }) => {
    const proxy = await startProxy({ credentials: { username: 'berth', password: 'p4ss@word' }, resolve: byName });
    onTestFinished(() => proxy.stop());
    const { port, mediaPort } = whatsApp();
    const proxyUrl = proxy.url.replace('p4ss@word', credentials.password);
    const { engine, messages } = await aLinkedEngine(number, {
      webSocketUrl: `ws://${name}:${port}/ws/chat`,
      proxyUrl,
    });
    await engine.sendMedia('5511888850001', { mimetype: 'image/png', data }, '');
    await eventually(
      () => phone().inbox(number),
      ([sent]) => sent?.media?.sizeBytes === data.length,
    );
    await phone().deliver({ to: number, from: '5511888850001', media: { mimetype: 'image/png', data } });
    await eventually(
      () => messages,
      (seen) => seen.length > 0,
    );
    expect(await messages[0]?.media?.read()).toHaveLength(data.length);
    // Paired, logged in; sent, read.
    expect(proxy.tunnels).toEqual([
      `${name}:${port}`,
      `${name}:${port}`,
      `${name}:${mediaPort}`,
      `${name}:${mediaPort}`,
    ]);
  },
);

test.each([
  { kind: 'HTTP', startProxy: startHttpProxy },
  { kind: 'HTTPS', startProxy: startHttpsProxy },
  { kind: 'SOCKS5', startProxy: startSocksProxy },
])(
  'createBaileysEngine() is refused by a $kind proxy with another password, and never goes past it',
  async ({ startProxy }) => {
    const proxy = await startProxy({ credentials, resolve: byName });
    onTestFinished(() => proxy.stop());
    const { engine, event } = anEngine({ proxyUrl: proxy.url.replace(credentials.password, 'wrong') });
    await engine.connect();
    const closed = await event('Closed');
    expect(closed).toMatchObject({ saidByWhatsApp: false });
    expect(closed.message).not.toContain('wrong');
    expect(proxy.tunnels).toEqual([]);
  },
);

test.each([
  { kind: 'HTTP', startProxy: startHttpProxy },
  { kind: 'HTTPS', startProxy: startHttpsProxy },
  { kind: 'SOCKS5', startProxy: startSocksProxy },
])('proxyRoutes() leads what Baileys fetches by itself through a $kind proxy', async ({ startProxy }) => {
  const proxy = await startProxy({ credentials: { username: 'berth', password: 'p4ss@word' }, resolve: byName });
  onTestFinished(() => proxy.stop());
  const { dispatcher } = await proxyRoutes(proxy.url.replace('p4ss@word', credentials.password));
  onTestFinished(() => dispatcher.destroy());
  const { mediaPort } = whatsApp();
  const answer = await fetch(`https://${name}:${mediaPort}/v/none`, { dispatcher } as unknown as RequestInit);
  expect([answer.status, await answer.text()]).toEqual([404, '{}']);
  expect(proxy.tunnels).toEqual([`${name}:${mediaPort}`]);
});

test.each(['http', 'socks5'])(
  'proxyRoutes() gives up a %s proxy that does not answer, and leaves no socket behind',
  async (scheme) => {
    const open = new Set<Socket>();
    const silent = createServer((socket) => {
      open.add(socket);
      socket
        .on('error', () => {})
        .once('close', () => open.delete(socket))
        .resume();
    });
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const { agent, dispatcher } = await proxyRoutes(`${scheme}://127.0.0.1:${port}`, 200);
    onTestFinished(() => dispatcher.destroy());
    const asked = new Promise((resolve, reject) => {
      get('https://whatsapp.example/', { agent }, resolve).once('error', reject);
    });
    await expect(asked).rejects.toThrow(/within 200 ms|timed out/);
    await eventually(
      () => open.size,
      (count) => count === 0,
    );
  },
);

/** An HTTP proxy behind TLS, with a certificate that this process trusts from now on. */
async function startHttpsProxy(options: ProxyOptions): Promise<Proxy> {
  const proxy = await startHttpProxy(options);
  const { username, password, port: httpPort } = new URL(proxy.url);
  const authority = await aCertificateAuthority();
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.pem]);
  const door = tls.createServer(await authority.issue('proxy', ['localhost']), (client) =>
    joinStreams(client, connect(Number(httpPort), '127.0.0.1')),
  );
  await new Promise<void>((resolve) => {
    door.listen(0, '127.0.0.1', resolve);
  });
  const { port } = door.address() as AddressInfo;
  const user = username === '' ? '' : `${decodeURIComponent(username)}:${decodeURIComponent(password)}@`;
  return {
    url: `https://${user}localhost:${port}`,
    tunnels: proxy.tunnels,
    async stop() {
      door.close();
      await proxy.stop();
    },
  };
}
