import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { startServer, stopServer } from '../admin-http/start-server.ts';
import { type Credentials, joinStreams, type Proxy, type ProxyOptions } from './proxy.ts';

/** What a client asked for, once it had shown what it had to. */
export interface Tunnel {
  /** "name:port". */
  readonly target: string;
  readonly credentials?: Credentials;
}

export interface HttpProxyOptions extends Omit<ProxyOptions, 'credentials'> {
  /** As of every proxy; `any`: there have to be some, whatever they are. */
  readonly credentials?: Credentials | 'any';
  readonly onTunnel?: (tunnel: Tunnel) => void;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** Starts a proxy that opens tunnels by CONNECT (RFC 9110, section 9.3.6), and does nothing else. */
export async function startHttpProxy(options: HttpProxyOptions = {}): Promise<Proxy> {
  const { credentials, onTunnel, resolve, host = '127.0.0.1', port: wantedPort = 0 } = options;
  const tunnels: string[] = [];
  const open = new Set<Duplex>();
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    const shown = readBasic(request.headers['proxy-authorization']);
    if (!isAdmitted(credentials, shown)) {
      return client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n');
    }
    const { hostname, port } = new URL(`tcp://${request.url}`);
    tunnels.push(`${hostname}:${port}`);
    onTunnel?.({ target: `${hostname}:${port}`, ...(shown ? { credentials: shown } : {}) });
    const refuse = () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const target = connect({ host: resolve?.(hostname) ?? hostname, port: Number(port) }, () => {
      target.off('error', refuse);
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      joinStreams(client, target);
    });
    target.on('error', refuse);
    open.add(client);
    client.once('close', () => open.delete(client));
  });
  const port = await startServer(server, { port: wantedPort, host });
  const user = typeof credentials === 'object' ? `${credentials.username}:${credentials.password}@` : '';
  return {
    url: `http://${user}${host}:${port}`,
    tunnels,
    async stop() {
      for (const client of open) client.destroy();
      await stopServer(server);
    },
  };
}

function isAdmitted(wanted: HttpProxyOptions['credentials'], shown: Credentials | undefined): boolean {
  if (wanted === undefined) return true;
  if (wanted === 'any') return shown !== undefined;
  return shown?.username === wanted.username && shown.password === wanted.password;
}

function readBasic(header: string | undefined): Credentials | undefined {
  const [, base64] = /^Basic (.+)$/.exec(header ?? '') ?? [];
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(base64 ?? '', 'base64').toString('utf8')) ?? [];
  return username === undefined || password === undefined ? undefined : { username, password };
}
