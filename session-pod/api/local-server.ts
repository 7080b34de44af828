import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Log } from '../publish/log.ts';
import { createRequestListener } from './request-listener.ts';
import type { Route } from './route.ts';

/** Where a session's process listens for people who got into its container; `local.ts` is their tool. */
export const defaultLocalSocket = '/tmp/berth.sock';

export interface LocalServer {
  listen(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The same API on a Unix socket that only the process's own user may open. Whoever gets there by `kubectl exec` has the
 * credentials within reach anyway, and the cluster's RBAC ("create" on "pods/exec") has let them in.
 */
export function createLocalServer({
  routes,
  socket,
  log,
}: {
  readonly routes: readonly Route[];
  readonly socket: string;
  readonly log: Log;
}): LocalServer {
  const listener = createRequestListener({ routes, refuse: () => undefined, log });
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 1_000, maxHeaderSize: 16 * 1024 },
    (request, response) => void listener(request, response),
  );
  server.maxConnections = 16;
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        rmSync(socket, { force: true }); // Left by a process that was killed.
        server.once('error', reject);
        server.listen(socket, () => {
          chmodSync(socket, 0o600);
          resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
