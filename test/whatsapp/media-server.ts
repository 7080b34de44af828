import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { readBody } from '../admin-http/read-body.ts';
import type { MediaCertificates } from './media-certificates.ts';
import type { MediaStore } from './media-store.ts';

/** What a client may upload, encrypted: 32 MiB. */
export const maxUploadBytes = 32 * 1_024 * 1_024;
const maxNames = 100;
const uploadPath = /^\/mms\/(image|video|audio|document)\/[\w-]+$/;

interface Dependencies {
  readonly store: MediaStore;
  readonly certificates: MediaCertificates;
  /** Given out with the host's name; an upload without it is refused. */
  readonly auth: string;
  /** The address it listens on. */
  readonly host: string;
}

/** The host that keeps files, over HTTPS: takes encrypted ones (POST), and gives them (GET). */
export async function createMediaServer({ store, certificates, auth, host }: Dependencies): Promise<Server> {
  const contextOf = contextsByName(certificates);
  const server = createServer({
    ...(await certificates.issue(['127.0.0.1', host])), // A client that reaches it by an address names nothing.
    SNICallback: (name, done) => void useContextOf(name, done),
  });
  server.on('request', (request, response) => void answer(request, response));

  async function useContextOf(name: string, done: (error: Error | null, context?: SecureContext) => void) {
    try {
      done(null, await contextOf(name));
    } catch (error) {
      done(error as Error);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    try {
      const url = new URL(request.url ?? '/', 'https://media');
      if (request.method === 'GET') return give(response, store.get(url.pathname));
      if (!uploadPath.test(url.pathname)) return refuse(response, 404);
      if (url.searchParams.get('auth') !== auth) return refuse(response, 403);
      const path = store.put(await readBody(request, maxUploadBytes));
      const body = JSON.stringify({ url: `https://${request.headers.host}${path}`, direct_path: path });
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    } catch {
      refuse(response, 400);
    }
  }

  return server;
}

/** A certificate for whatever name the host is reached by. */
function contextsByName(certificates: MediaCertificates) {
  const known = new Map<string, Promise<SecureContext>>();
  return (name: string): Promise<SecureContext> => {
    const context = known.get(name) ?? certificates.issue([name]).then((issued) => createSecureContext(issued));
    const [oldest] = known.keys();
    if (!known.has(name) && known.size >= maxNames && oldest !== undefined) known.delete(oldest);
    known.set(name, context);
    return context;
  };
}

function give(response: ServerResponse, encrypted: Buffer | undefined) {
  if (!encrypted) return refuse(response, 404);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': encrypted.length });
  response.end(encrypted);
}

function refuse(response: ServerResponse, status: number) {
  response.writeHead(status, { connection: 'close' }).end('{}');
}
