import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Log } from '../kubernetes/log.ts';
import { type Answer, problem } from './answer.ts';
import type { Route } from './route.ts';

/** Answers requests by the routes; a failure of one is logged, and answered with 500 and nothing of its own words. */
export function serveRoutes(routes: readonly Route[], log: Log): RequestListener {
  return (request, response) => void serve(routes, log, request, response);
}

async function serve(routes: readonly Route[], log: Log, request: IncomingMessage, response: ServerResponse) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.on('error', () => gone.abort()); // The client went while it was answered.
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  let answer: Answer;
  try {
    answer = await answerOf(routes, path, request, gone.signal);
  } catch (error) {
    if (gone.signal.aborted) return;
    log.error('Request failed', { error, method: request.method, path });
    answer = problem(500, 'INTERNAL', 'Internal error', 'Cannot answer: the operator failed; read its log');
  }
  if (response.destroyed) return;
  const json = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(json),
    // A body that was not read to its end leaves the connection unfit for another request.
    ...(request.complete ? {} : { connection: 'close' }),
    ...answer.headers,
  });
  response.end(json);
}

async function answerOf(routes: readonly Route[], path: string, request: IncomingMessage, signal: AbortSignal) {
  const here = routes.filter((route) => route.path === path);
  const route = here.find(({ method }) => method === request.method);
  if (route !== undefined) return route.handle(request, signal);
  if (here.length === 0) return problem(404, 'NOT_FOUND', 'Not found', 'Cannot answer: there is nothing at this path');
  const allow = here.map(({ method }) => method).join(', ');
  const detail = `Cannot answer: this path does not take ${request.method}; use ${allow}`;
  const refusal = problem(405, 'METHOD_NOT_ALLOWED', 'Method not allowed', detail);
  return { ...refusal, headers: { ...refusal.headers, allow } };
}
