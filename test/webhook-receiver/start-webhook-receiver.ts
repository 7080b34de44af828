import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminRoutes, answerByRoutes, answerError } from '../admin-http/admin-routes.ts';
import { type Fields, textField } from '../admin-http/fields.ts';
import { readBody } from '../admin-http/read-body.ts';
import { startServer, stopServer } from '../admin-http/start-server.ts';
import { type Behaviour, BehaviourBook, readBehaviour } from './behaviour.ts';
import { ReceivedRequests } from './received-requests.ts';
import { SignatureChecker } from './signature-check.ts';

const maxBodyBytes = 1_024 * 1_024;
const slowMs = 5_000;

export interface WebhookReceiverOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Standard Webhooks secrets, with or without "whsec_". */
  readonly secrets?: readonly string[];
}

export interface WebhookReceiver {
  readonly port: number;
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/** Starts a receiver of webhooks: each path outside /admin is a sink of its own, which records what is POSTed to it. */
export async function startWebhookReceiver(options: WebhookReceiverOptions = {}): Promise<WebhookReceiver> {
  const { port: wantedPort = 0, host = '127.0.0.1', secrets = [] } = options;
  const received = new ReceivedRequests();
  const behaviours = new BehaviourBook();
  const signatures = new SignatureChecker();
  for (const secret of secrets) signatures.trust(secret);

  const routes: AdminRoutes = {
    'GET /healthz': () => ({}),
    'GET /admin/received': (query) => received.of(pathIn(query)),
    'DELETE /admin/received': (query) => {
      received.clear(pathIn(query));
      return {};
    },
    'POST /admin/behaviour': (body) => {
      const { path, behaviour } = readBehaviour(body);
      behaviours.set(path, behaviour);
      return {};
    },
    'POST /admin/secrets': (body) => ({ place: signatures.trust(textField(body, 'secret', { example: 'whsec_…' })) }),
  };

  async function take(path: string, request: IncomingMessage, response: ServerResponse) {
    const body = await readBody(request, maxBodyBytes);
    const receivedAt = new Date().toISOString();
    const headers = headersOf(request);
    const behaviour = behaviours.next(path);
    const answer = answerOf(behaviour);
    received.add({
      path,
      receivedAt,
      headers,
      body: body.toString('utf8'),
      answer,
      ...signatures.check(body, headers),
    });
    if (answer === 'close') return void request.socket.destroy();
    if (answer === 'hang') return; // Until the client gives up, or the receiver stops.
    if (behaviour.kind === 'slow') await sleep(behaviour.delayMs ?? slowMs);
    response.writeHead(answer).end();
  }

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://receiver').pathname;
    const isSink = request.method === 'POST' && !path.startsWith('/admin/');
    if (!isSink) return void answerByRoutes(routes, request, response);
    take(path, request, response).catch((error: unknown) => answerError(response, error));
  });
  server.requestTimeout = 0; // `hang` lasts as long as the client likes.

  const port = await startServer(server, { port: wantedPort, host });
  return { port, baseUrl: `http://${host}:${port}`, stop: () => stopServer(server) };
}

function answerOf({ kind, status = 200 }: Behaviour): number | 'hang' | 'close' {
  if (kind === 'hang' || kind === 'close') return kind;
  return kind === 'slow' ? 200 : status;
}

function pathIn(query: Fields): string | undefined {
  return query['path'] === undefined ? undefined : textField(query, 'path', { example: '/hooks/a', maxLength: 200 });
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
