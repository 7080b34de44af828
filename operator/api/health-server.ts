import { createServer, type RequestListener, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import type { Log } from '../kubernetes/log.ts';

export interface HealthOptions {
  /** Undefined once the operator can do its work, else what is missing. */
  readonly notReady: () => string | undefined;
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>;
  readonly log: Log;
}

/**
 * Plain HTTP for the kubelet and Prometheus: `/healthz` is 200 as long as the event loop turns, `/readyz` is 503 with a
 * reason until the operator can do its work, `/metrics` is Prometheus text.
 */
export function createHealthServer(options: HealthOptions): Server {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 }, answer(options));
  server.maxConnections = 64;
  return server;
}

function answer({ notReady, registry, log }: HealthOptions): RequestListener {
  const pages: Record<string, () => Promise<[status: number, contentType: string, text: string]>> = {
    '/healthz': async () => [200, 'text/plain', 'ok\n'],
    '/readyz': async () => {
      const missing = notReady();
      return missing === undefined ? [200, 'text/plain', 'ok\n'] : [503, 'text/plain', `not ready: ${missing}\n`];
    },
    '/metrics': async () => [200, registry.contentType, await registry.metrics()],
  };
  return (request, response) => {
    request.resume();
    const page = request.method === 'GET' ? pages[(request.url ?? '').split('?', 1)[0] ?? ''] : undefined;
    if (page === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      return;
    }
    page().then(
      ([status, contentType, text]) => response.writeHead(status, { 'content-type': contentType }).end(text),
      (error: unknown) => {
        log.error('Health page failed', { error, path: request.url });
        response.writeHead(500, { 'content-type': 'text/plain' }).end('failed, see the log\n');
      },
    );
  };
}
