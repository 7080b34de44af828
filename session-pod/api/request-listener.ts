import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../publish/log.ts';
import { createFileSlot, FileUnderWayError } from '../run/file-slot.ts';
import type { Answer } from './problem.ts';
import { fileUnderWay, problem } from './problem.ts';
import { readJson } from './read-json.ts';
import { defaultMaxBodyBytes, type Route } from './route.ts';

export interface RequestListenerOptions {
  readonly routes: readonly Route[];
  /** Says no to who may not use the routes that are the operator's; undefined lets it pass. */
  readonly refuse: (request: IncomingMessage) => Answer | undefined;
  readonly log: Log;
}

/** Answers requests by the routes, whatever they come over. Never throws. */
export function createRequestListener({ routes, refuse, log }: RequestListenerOptions) {
  const largeBody = createFileSlot();

  async function answerTo(request: IncomingMessage): Promise<Answer> {
    const [pathname = '', query = ''] = (request.url ?? '').split('?', 2); // Anyone may send what is no URL.
    const here = routes.filter(({ path }) => path === pathname);
    const route = here.find(({ method }) => method === request.method);
    if (!route) return unknownRoute(pathname, here);
    const refusal = route.access === 'operator' ? refuse(request) : undefined;
    if (refusal) return refusal;
    if (route.method === 'GET') return route.answer({ query: new URLSearchParams(query), body: undefined });
    return answerWithBody(route, new URLSearchParams(query), request);
  }

  /** Many large bodies at once would be more than the pod's memory: one at a time, from its reading to its answer. */
  async function answerWithBody(route: Route, query: URLSearchParams, request: IncomingMessage): Promise<Answer> {
    const { maxBodyBytes = defaultMaxBodyBytes } = route;
    let release: (() => void) | undefined;
    const mayHave = (bytes: number): Answer | undefined => {
      if (bytes > maxBodyBytes) return tooLarge(maxBodyBytes);
      if (bytes <= defaultMaxBodyBytes || release) return undefined;
      try {
        release = largeBody.take();
        return undefined;
      } catch (error) {
        if (error instanceof FileUnderWayError) return fileUnderWay(error);
        throw error;
      }
    };
    try {
      const read = await readJson(request, mayHave);
      return 'refusal' in read ? read.refusal : await route.answer({ query, body: read.body });
    } finally {
      release?.();
    }
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

function tooLarge(maxBodyBytes: number): Answer {
  const detail = `Cannot read the body: it is larger than ${maxBodyBytes} bytes; send less`;
  return problem(413, 'BODY_TOO_LARGE', 'Body too large', detail);
}

function unknownRoute(pathname: string, here: readonly Route[]): Answer {
  const known = here.map(({ method }) => method).join(', ');
  if (known)
    return problem(405, 'METHOD_NOT_ALLOWED', 'Method not allowed', `Cannot use this method here; use ${known}`);
  const detail = `Cannot find "${pathname.slice(0, 100)}"; see docs/architecture.md`;
  return problem(404, 'NO_SUCH_PATH', 'No such path', detail);
}

function send(response: ServerResponse, { status, body, raw, isProblem }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const contentType = raw?.contentType ?? (isProblem ? 'application/problem+json' : 'application/json');
  const content = raw?.content ?? JSON.stringify(body ?? {});
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(content);
  // What of a body was not read would keep the connection waiting.
  if (!response.req.complete) response.once('finish', () => response.req.destroy());
}
