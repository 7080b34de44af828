import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../publish/log.ts';
import type { Answer } from './problem.ts';
import { problem } from './problem.ts';
import { readJson } from './read-json.ts';
import type { Route } from './route.ts';

export interface RequestListenerOptions {
  readonly routes: readonly Route[];
  /** Says no to who may not use the routes that are the operator's; undefined lets it pass. */
  readonly refuse: (request: IncomingMessage) => Answer | undefined;
  readonly log: Log;
}

const maxBodyBytes = 512 * 1024; // A text of WhatsApp has at most 65,536 characters, each of up to 6 bytes in JSON.

/** Answers requests by the routes, whatever they come over. Never throws. */
export function createRequestListener({ routes, refuse, log }: RequestListenerOptions) {
  async function answerTo(request: IncomingMessage): Promise<Answer> {
    const [pathname = '', query = ''] = (request.url ?? '').split('?', 2); // Anyone may send what is no URL.
    const here = routes.filter(({ path }) => path === pathname);
    const route = here.find(({ method }) => method === request.method);
    if (!route) return unknownRoute(pathname, here);
    const refusal = route.access === 'operator' ? refuse(request) : undefined;
    if (refusal) return refusal;
    if (route.method === 'GET') return route.answer({ query: new URLSearchParams(query), body: undefined });
    const read = await readJson(request, maxBodyBytes);
    return 'refusal' in read ? read.refusal : route.answer({ query: new URLSearchParams(query), body: read.body });
  }

  return async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, await answerTo(request));
    } catch (error) {
      log.error({ err: error, path: request.url?.split('?')[0] }, 'Request failed');
      send(response, problem(500, 'INTERNAL', 'Internal error', "Cannot answer: a bug; see the pod's log"));
    }
  };
}

function unknownRoute(pathname: string, here: readonly Route[]): Answer {
  const known = here.map(({ method }) => method).join(', ');
  if (known)
    return problem(405, 'METHOD_NOT_ALLOWED', 'Method not allowed', `Cannot use this method here; use ${known}`);
  const detail = `Cannot find "${pathname.slice(0, 100)}"; see docs/architecture.md`;
  return problem(404, 'NO_SUCH_PATH', 'No such path', detail);
}

function send(response: ServerResponse, { status, body, text, isProblem }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const contentType = text?.contentType ?? (isProblem ? 'application/problem+json' : 'application/json');
  const content = text?.content ?? JSON.stringify(body ?? {});
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(content);
  // What of a body was not read would keep the connection waiting.
  if (!response.req.complete) response.once('finish', () => response.req.destroy());
}
