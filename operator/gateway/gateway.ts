import { createServer } from 'node:https';
import express, { type NextFunction, type Request, type Response } from 'express';
import { z } from 'zod';
import { OverloadedError } from '../api/concurrency-limit.ts';
import { closeServer, listen } from '../api/listening.ts';
import { TokenReviewError } from '../api/review-token.ts';
import { ApiError } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { PodIdentityError, PodRefusedError, PodUnreachableError } from '../pods/errors.ts';
import type { RenewingKeyPair } from '../pods/renewing-key-pair.ts';
import type { Authorize, Scope } from './authorize.ts';
import type { AnyGatewayRoute, GatewayAnswer } from './gateway-route.ts';
import { gatewayAudience, type IdentifyCaller } from './identify-caller.ts';
import { createDocument } from './open-api.ts';
import { ProblemError } from './problem-error.ts';

export interface GatewayOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** All addresses unless told. */
  readonly host?: string;
  readonly keyPair: RenewingKeyPair;
  readonly identifyCaller: IdentifyCaller;
  readonly authorize: Authorize;
  readonly routes: readonly AnyGatewayRoute[];
  readonly log: Log;
}

export interface Gateway {
  readonly port: number;
  /** Takes no more requests, ends streams, and resolves within 2 s. */
  close(): Promise<void>;
}

/** Bytes of a body. A session's spec has some thousand. */
const bodyLimit = 65_536;
const maxConnections = 4_096;
const closeWithinMs = 1_800;

/**
 * Starts the HTTP API for software and people without kubectl. It has a port and bounds of its own: whatever its callers do,
 * session pods get through with their reports.
 * @throws {Error} of Node: the port is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { port: wantedPort, host = '::', keyPair, log } = options;
  const closing = new AbortController();
  const { certPem: cert, keyPem: key } = await keyPair();
  const server = createServer(
    {
      cert,
      key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5_000,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16_384,
    },
    createApp(options, closing.signal),
  );
  server.maxConnections = maxConnections;
  server.on('tlsClientError', (error) => log.debug('TLS handshake failed', { error }));
  const port = await listen(server, wantedPort, host);
  return {
    port,
    async close() {
      closing.abort();
      await closeServer(server, closeWithinMs);
    },
  };
}

/** The routes, behind what every request has to pass. */
function createApp(options: GatewayOptions, closing: AbortSignal) {
  const { routes, log } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.get('/openapi.json', (_request, response) => void response.json(document));
  const document = createDocument(routes);
  for (const route of routes) app[route.method](expressPath(route.path), serve(route, options, closing));
  for (const path of new Set(routes.map((route) => route.path))) {
    const allow = routes
      .filter((route) => route.path === path)
      .map(({ method }) => method.toUpperCase())
      .join(', ');
    app.all(expressPath(path), ({ method }, response) => {
      response.setHeader('allow', allow);
      throw new ProblemError('METHOD_NOT_ALLOWED', `Cannot answer: this path does not take ${method}; use ${allow}`);
    });
  }
  app.use(() => {
    throw new ProblemError('NOT_FOUND', 'Cannot answer: there is nothing at this path; read /openapi.json');
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const known = problemOf(error);
    if (known.code === 'INTERNAL') log.error('Request failed', { error, method: request.method, path: request.path });
    answerProblem(request, response, known);
  });
  return app;
}

const expressPath = (path: string) => path.replace(/\{(\w+)\}/g, ':$1');

function serve(route: AnyGatewayRoute, { identifyCaller, authorize }: GatewayOptions, closing: AbortSignal) {
  const readJson = express.json({ limit: bodyLimit, strict: true, inflate: false });

  return async (request: Request, response: Response): Promise<void> => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.on('error', () => gone.abort()); // The client went while it was answered.
    // In this order: a stranger learns nothing of what there is, and has no body read.
    const caller = await identifyCaller(bearerOf(request));
    if (caller === undefined) {
      response.setHeader('www-authenticate', 'Bearer realm="berth"');
      const detail = `Cannot answer: the token is no valid one of the audience "${gatewayAudience}"; make one with kubectl create token --audience=${gatewayAudience}`;
      throw new ProblemError('UNAUTHENTICATED', detail);
    }
    const parameters = checked(route.parameters, request.params, 'path');
    const { permission } = route;
    if (!(await authorize(caller, permission, parameters as Scope))) {
      const { verb, resource, subresource } = permission;
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      const { namespace } = parameters as Scope;
      const where = namespace === undefined ? 'all namespaces' : `namespace "${namespace}"`;
      const detail = `Cannot answer: "${caller.username}" may not ${verb} "${what}" in ${where}; grant it by RBAC`;
      throw new ProblemError('FORBIDDEN', detail);
    }
    const query = checked(route.query, request.query, 'query');
    const body = await bodyOf(route, request, response, readJson);
    const signal = AbortSignal.any([gone.signal, closing]);
    const accepts = (types: readonly string[]) => request.accepts([...types]) || undefined;
    const answer = await route.handle({ caller, parameters, query, body, signal, accepts });
    if (!response.destroyed) await send(request, response, answer);
  };
}

function bearerOf({ headers }: Request): string {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

type JsonReader = ReturnType<typeof express.json>;

async function bodyOf(route: AnyGatewayRoute, request: Request, response: Response, readJson: JsonReader) {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody) return route.body === undefined ? undefined : checked(route.body, undefined, 'body');
  if (route.body === undefined)
    throw new ProblemError(
      'REQUEST_INVALID',
      'Cannot take the request: it has a body, and this call takes none; send it without',
    );
  if (!request.is('application/json'))
    throw new ProblemError(
      'BODY_OF_WRONG_TYPE',
      'Cannot read the body: it is not of the type application/json; say content-type: application/json',
    );
  await new Promise<void>((resolve, reject) =>
    readJson(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error as Error))),
  );
  return checked(route.body, request.body, 'body');
}

/** @throws {ProblemError} REQUEST_INVALID, and the name of the field */
function checked<Type extends z.ZodType>(type: Type, raw: unknown, where: 'path' | 'query' | 'body'): z.output<Type> {
  const { success, data, error } = type.safeParse(raw);
  if (success) return data;
  const [{ path, message } = { path: [], message: 'it is wrong' }] = error.issues;
  const field = [where, ...path].join('.');
  throw new ProblemError('REQUEST_INVALID', `Cannot take the request: "${field}" is wrong (${message}); correct it`);
}

async function send(request: Request, response: Response, answer: GatewayAnswer): Promise<void> {
  // Codes to scan and phone numbers are in answers: no cache keeps them.
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  if ('stream' in answer) return answer.stream(response);
  closeIfUnread(request, response);
  response.status(answer.status);
  if ('json' in answer) response.json(answer.json);
  else response.type(answer.contentType).send(answer.bytes);
}

/** A body that was not read to its end leaves the connection unfit for another request. */
function closeIfUnread(request: Request, response: Response) {
  if (!request.complete) response.setHeader('connection', 'close');
}

function answerProblem(
  request: Request,
  response: Response,
  { status, title, code, message, retryAfterSeconds }: ProblemError,
) {
  if (response.headersSent || response.destroyed) return void response.destroy();
  closeIfUnread(request, response);
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  response.setHeader('cache-control', 'no-store');
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status, code, detail: message }));
}

/** What a caller is told of a failure: our own words, and the API server's where the caller can mend it. */
function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof OverloadedError)
    return new ProblemError('UNAVAILABLE', error.message, { cause: error, retryAfterSeconds: 2 });
  if (error instanceof TokenReviewError)
    return new ProblemError('UNAVAILABLE', error.message, { cause: error, retryAfterSeconds: 5 });
  if (error instanceof ApiError) return problemOfApi(error);
  if (error instanceof PodUnreachableError || error instanceof PodIdentityError || error instanceof PodRefusedError)
    return new ProblemError('POD_UNREACHABLE', error.message, { cause: error });
  const { status, type } = error as { status?: unknown; type?: unknown };
  if (type === 'entity.too.large')
    return new ProblemError('BODY_TOO_LARGE', `Cannot read the body: it has more than ${bodyLimit} bytes; send less`, {
      cause: error,
    });
  if (status === 415)
    return new ProblemError(
      'BODY_OF_WRONG_TYPE',
      'Cannot read the body: it is compressed or of another character set; send plain UTF-8',
      { cause: error },
    );
  if (status === 400)
    return new ProblemError(
      'REQUEST_INVALID',
      'Cannot read the request: the path or the body is malformed; send JSON',
      { cause: error },
    );
  return new ProblemError('INTERNAL', 'Cannot answer: the operator failed; read its log', { cause: error });
}

function problemOfApi(error: ApiError): ProblemError {
  const said = error.message.replace(/^Cannot [^:]*: /, '');
  const wrap = (code: ProblemError['code']) => new ProblemError(code, `Cannot do this: ${said}`, { cause: error });
  if (error.status === 400 || error.status === 422) return wrap('SPEC_INVALID');
  if (error.status === 403) return wrap('FORBIDDEN');
  if (error.status === 404) return wrap('NOT_FOUND');
  if (error.status === 409) return wrap('CONFLICT');
  if (error.status === 410)
    return new ProblemError(
      'REQUEST_INVALID',
      'Cannot go on with this list: "query.continue" is too old; list again from the start',
      { cause: error },
    );
  if (error.status === 401)
    return new ProblemError('INTERNAL', 'Cannot answer: the API server does not know the operator; read its log', {
      cause: error,
    });
  return new ProblemError('UNAVAILABLE', 'Cannot answer: the API server cannot be asked at present; try again', {
    cause: error,
    retryAfterSeconds: 2,
  });
}
