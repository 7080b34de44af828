import type { IncomingMessage, ServerResponse } from 'node:http';
import { BerthError } from '@berth/protocol';
import type { Fields } from './fields.ts';
import { readJsonObject } from './read-body.ts';
import { BadRequestError, NotFoundError } from './request-errors.ts';

/** Takes the body (POST) or the query (else) and gives what is answered as JSON. */
export type AdminRoute = (fields: Fields) => unknown;

/** Keyed by method and path, for instance "POST /admin/scan". */
export type AdminRoutes = Readonly<Record<string, AdminRoute>>;

const maxBodyBytes = 256 * 1024;

/** Of routes that take more than others, in bytes. */
export type BodyLimits = Readonly<Record<string, number>>;

/** Answers a request by the routes: 200 with JSON, 400 or 404 with what the caller has to mend, or 500. Never throws. */
export async function answerByRoutes(
  routes: AdminRoutes,
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits = {},
) {
  try {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const name = `${request.method} ${url.pathname}`;
    const route = routes[name];
    if (!route) throw new NotFoundError('answer', `there is no ${name}`, 'see the routes');
    const fields =
      request.method === 'POST' ? await readJsonObject(request, limits[name] ?? maxBodyBytes) : queryOf(url);
    answerJson(response, 200, await route(fields));
  } catch (error) {
    answerError(response, error);
  }
}

/** Answers with the error as `{ error: { code, message, field? } }`. */
export function answerError(response: ServerResponse, error: unknown) {
  const { code, message } = error instanceof BerthError ? error : { code: 'STAND_IN_BUG', message: String(error) };
  const field = error instanceof BadRequestError ? { field: error.field } : {};
  answerJson(response, statusOf(error), { error: { code, message, ...field } });
}

function answerJson(response: ServerResponse, status: number, body: unknown) {
  // A body that was refused half-read must not be taken for the next request.
  const connection = status === 400 ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': 'application/json', ...connection }).end(JSON.stringify(body));
}

function statusOf(error: unknown): number {
  if (error instanceof BadRequestError) return 400;
  return error instanceof NotFoundError ? 404 : 500;
}

function queryOf(url: URL): Fields {
  return Object.fromEntries(url.searchParams);
}
