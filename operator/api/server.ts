import { createServer } from 'node:https';
import type { RenewingKeyPair } from '../pods/renewing-key-pair.ts';
import { createHealthServer, type HealthOptions } from './health-server.ts';
import { closeServer, listen } from './listening.ts';
import type { Route } from './route.ts';
import { serveRoutes } from './serve-routes.ts';

export interface ApiServersOptions extends HealthOptions {
  /** 0 takes a free one. */
  readonly ports: { readonly api: number; readonly health: number };
  /** All addresses unless told. */
  readonly host?: string;
  readonly keyPair: RenewingKeyPair;
  readonly routes: readonly Route[];
  /** Milliseconds between looks at whether the certificate has to be renewed; an hour unless told. */
  readonly renewalCheckMs?: number;
}

export interface ApiServers {
  readonly ports: { readonly api: number; readonly health: number };
  /** Takes no more requests and resolves within 2 s. */
  close(): Promise<void>;
}

/** Ten thousand pods may all report at once after an outage; each holds its connection for one request. */
const maxConnections = 12_000;
const closeWithinMs = 1_800;

/**
 * Starts the TLS server of the API and the plain one for health and metrics.
 * @throws {Error} of Node: a port is taken
 */
export async function startApiServers(options: ApiServersOptions): Promise<ApiServers> {
  const { ports, host = '::', keyPair, routes, log, renewalCheckMs = 3_600_000 } = options;
  let served = await keyPair();
  const api = createServer(
    {
      cert: served.certPem,
      key: served.keyPem,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5_000,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16_384,
    },
    serveRoutes(routes, log),
  );
  api.maxConnections = maxConnections;
  // A stranger's broken handshake is no news; without a listener it would only end its connection, too.
  api.on('tlsClientError', (error) => log.debug('TLS handshake failed', { error }));
  const health = createHealthServer(options);

  async function renew(): Promise<void> {
    try {
      const current = await keyPair();
      if (current === served) return;
      api.setSecureContext({ cert: current.certPem, key: current.keyPem, minVersion: 'TLSv1.2' });
      served = current;
      log.info('Certificate renewed', { expiresAt: new Date(current.expiresAtMs).toISOString() });
    } catch (error) {
      log.error('Certificate could not be renewed; it is tried again', { error });
    }
  }
  const apiPort = await listen(api, ports.api, host);
  try {
    const healthPort = await listen(health, ports.health, host);
    const renewal = setInterval(() => void renew(), renewalCheckMs).unref();
    return {
      ports: { api: apiPort, health: healthPort },
      async close() {
        clearInterval(renewal);
        await Promise.all([closeServer(api, closeWithinMs), closeServer(health, closeWithinMs)]);
      },
    };
  } catch (error) {
    api.close();
    throw error;
  }
}
