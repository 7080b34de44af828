import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * Gives one free TCP port for each name: the preferred one where it is free, else any. They are held open together, so no two are alike.
 * Somebody else may take one before it is used: the process that then fails says so in its log.
 */
export async function freePorts<Name extends string>(
  preferred: Readonly<Record<Name, number>>,
  host = '127.0.0.1',
): Promise<Record<Name, number>> {
  const servers = [];
  const ports = {} as Record<Name, number>;
  for (const [name, port] of Object.entries(preferred) as [Name, number][]) {
    const server = (await listenOn(port, host)) ?? (await listenOn(0, host));
    if (!server) throw new Error(`Cannot find a port for "${name}": none is free on ${host}; end what uses them`);
    servers.push(server);
    ports[name] = (server.address() as AddressInfo).port;
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function listenOn(port: number, host: string) {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
    return server;
  } catch {
    return undefined; // Taken: the caller asks for another.
  }
}
