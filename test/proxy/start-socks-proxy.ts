import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { joinStreams, type Proxy, type ProxyOptions } from './proxy.ts';

const version = 5;
const noAuthentication = 0;
const byPassword = 2;
const noneOfThese = 0xff;
const connectCommand = 1;
const addressTypes = { ipv4: 1, name: 3 } as const;
const succeeded = Buffer.from([version, 0, 0, addressTypes.ipv4, 0, 0, 0, 0, 0, 0]);
const failed = Buffer.from([version, 1, 0, addressTypes.ipv4, 0, 0, 0, 0, 0, 0]);

/** Starts a SOCKS5 proxy (RFC 1928, RFC 1929) that connects to names and IPv4 addresses, and does nothing else. */
export async function startSocksProxy({ credentials, resolve, host = '127.0.0.1' }: ProxyOptions = {}): Promise<Proxy> {
  const tunnels: string[] = [];
  const open = new Set<Socket>();

  async function serve(client: Socket) {
    const read = reader(client);
    const [, methods = 0] = await read(2);
    await read(methods);
    client.write(Buffer.from([version, credentials ? byPassword : noAuthentication]));
    if (credentials) {
      const username = await counted(read, 1);
      const password = await counted(read, 0);
      const isRight = username === credentials.username && password === credentials.password;
      client.write(Buffer.from([1, isRight ? 0 : noneOfThese]));
      if (!isRight) return client.end();
    }
    const [, command, , type] = await read(4);
    const hostname = type === addressTypes.name ? await counted(read, 0) : [...(await read(4))].join('.');
    const port = (await read(2)).readUInt16BE();
    tunnels.push(`${hostname}:${port}`);
    if (command !== connectCommand) return client.end(failed);
    const refuse = () => client.end(failed);
    const target = connect({ host: resolve?.(hostname) ?? hostname, port }, () => {
      target.off('error', refuse);
      client.write(succeeded);
      read.release();
      joinStreams(client, target);
    });
    target.on('error', refuse);
  }

  const server = createServer((client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    serve(client).catch(() => client.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  const user = credentials ? `${credentials.username}:${credentials.password}@` : '';
  return {
    url: `socks5://${user}${host}:${(server.address() as AddressInfo).port}`,
    tunnels,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const client of open) client.destroy();
      await closed;
    },
  };
}

type Read = ReturnType<typeof reader>;

/** A text with its length in one byte before it, after `skipped` other bytes. */
async function counted(read: Read, skipped: number): Promise<string> {
  await read(skipped);
  const [length = 0] = await read(1);
  return (await read(length)).toString('utf8');
}

/** Reads as many bytes as it is asked for, and leaves the rest; `release` lets somebody else read on. */
function reader(client: Socket) {
  let buffered = Buffer.alloc(0);
  let wanted: (() => void) | undefined;
  const take = (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    wanted?.();
  };
  client.on('data', take);
  const read = async (count: number): Promise<Buffer> => {
    while (buffered.length < count) {
      await new Promise<void>((resolve, reject) => {
        wanted = resolve;
        client.once('close', () => reject(new Error('Cannot read: the client has gone; see whether it is to')));
      });
    }
    const taken = buffered.subarray(0, count);
    buffered = buffered.subarray(count);
    return taken;
  };
  return Object.assign(read, {
    release() {
      client.off('data', take);
      client.pause();
      if (buffered.length > 0) client.unshift(buffered);
    },
  });
}
