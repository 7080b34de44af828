import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';

/** Takes no more connections, lets requests in hand end, and cuts what is left after `withinMs` milliseconds. */
export async function closeServer(server: Server | TlsServer, withinMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), withinMs);
  try {
    await closed;
  } finally {
    clearTimeout(cut);
  }
}

/**
 * Listens and gives the port, which is another than asked for when that is 0.
 * @throws {Error} of Node: the port is taken
 */
export function listen(server: Server | TlsServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
