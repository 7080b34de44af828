import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { WatchEvent } from '@berth/operator/kubernetes/client.ts';
import { KubeConfig } from '@kubernetes/client-node';

/** A request on its way through the proxy. */
export interface ProxiedRequest {
  /** Counts from 1. */
  readonly number: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** The answer's status; undefined until it came, 0 when the proxy cut the connection. */
  status: number | undefined;
}

export type RequestMatcher = (request: ProxiedRequest) => boolean;

/** What the proxy does instead of, or before, forwarding. */
export type Fault =
  /** Answers itself, by a Kubernetes Status unless `body` is given. */
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Breaks the connection; the API server never sees the request. */
  | { readonly type: 'cut' }
  /** Lets the API server do it, then breaks the connection before the answer. */
  | { readonly type: 'cut-answer' }
  /** Keeps the connection open and never answers. */
  | { readonly type: 'silence' }
  /** Forwards it later. */
  | { readonly type: 'delay'; readonly ms: number }
  /** Forwards it with another query. */
  | { readonly type: 'rewrite'; readonly query: (query: URLSearchParams) => void }
  /** Hands on a watch's events so much later, and those that `drops` names not at all. */
  | { readonly type: 'stream'; readonly delayMs?: number; readonly drops?: (event: WatchEvent) => boolean };

/** A fault that was asked for. */
export interface FaultHandle {
  /** How often it struck. */
  readonly hits: number;
  remove(): void;
}

/** Called for each request that is forwarded; what it returns is awaited. */
export interface ProxyHooks {
  /** Before the API server sees the request, which it never does when the answer is `cut`. */
  before?(request: ProxiedRequest): void | 'cut' | Promise<void | 'cut'>;
  /** After the API server has answered (`status` is set), before the client hears of it. */
  after?(request: ProxiedRequest): void | Promise<void>;
}

/** A reverse proxy before a real API server that fails on command. Clients need no credentials; it has those of the kubeconfig. */
export interface FaultProxy {
  readonly url: string;
  /** Of a client that goes through the proxy. Written beside the API server's own. */
  readonly kubeconfigPath: string;
  /** All requests so far, oldest first. */
  readonly requests: readonly ProxiedRequest[];
  /** Connections that clients have opened so far. */
  readonly connections: number;
  /** Lets a fault strike every matching request, or only the next `times`. The newest fault goes first. */
  fault(matches: RequestMatcher, fault: Fault, times?: number): FaultHandle;
  /** Adds hooks; the returned function takes them off. */
  onRequest(hooks: ProxyHooks): () => void;
  /** Does something to the answers in flight, which in practice are watches. Returns how many. */
  inFlight(matches: RequestMatcher, act: 'cut' | 'end' | 'mute' | { readonly write: string }): number;
  close(): Promise<void>;
}

interface Exchange {
  readonly request: ProxiedRequest;
  readonly response: ServerResponse;
  muted: boolean;
}

interface ArmedFault {
  readonly matches: RequestMatcher;
  readonly fault: Fault;
  left: number;
  hits: number;
}

/** Whether it is a watch of a path that ends so. */
export const watchOf =
  (pathEnd: string): RequestMatcher =>
  ({ path, query }) =>
    path.endsWith(pathEnd) && query.get('watch') === 'true';
/** Whether it is a list of a path that ends so. */
export const listOf =
  (pathEnd: string): RequestMatcher =>
  ({ method, path, query }) =>
    method === 'GET' && path.endsWith(pathEnd) && !query.has('watch');
export const isWrite: RequestMatcher = ({ method }) => method !== 'GET';

/** Starts the proxy on a free port of the loopback interface. */
export async function startFaultProxy(kubeconfigPath: string): Promise<FaultProxy> {
  const upstream = await upstreamOf(kubeconfigPath);
  const requests: ProxiedRequest[] = [];
  const faults: ArmedFault[] = [];
  const hooks = new Set<ProxyHooks>();
  const exchanges = new Set<Exchange>();
  let count = 0;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming, ++count);
    requests.push(request);
    const fault = takeFault(request);
    if (fault?.type === 'silence') return;
    if (fault?.type === 'answer') return answer(request, response, fault);
    if (fault?.type === 'cut') return cut(request, response);
    if (fault?.type === 'delay') await wait(fault.ms);
    for (const hook of hooks) if ((await hook.before?.(request)) === 'cut') return cut(request, response);
    if (fault?.type === 'rewrite') fault.query(request.query);
    await forward(incoming, request, response, fault);
  }

  function takeFault(request: ProxiedRequest): Fault | undefined {
    const armed = faults.find(({ left, matches }) => left > 0 && matches(request));
    if (armed === undefined) return undefined;
    armed.left--;
    armed.hits++;
    return armed.fault;
  }

  async function forward(
    incoming: IncomingMessage,
    request: ProxiedRequest,
    response: ServerResponse,
    fault: Fault | undefined,
  ) {
    const { host: _, connection: __, ...headers } = incoming.headers;
    const outgoing = httpsRequest(new URL(`${request.path}?${request.query.toString()}`, upstream.server), {
      agent: upstream.agent,
      method: request.method,
      headers: { ...headers, ...upstream.headers },
    });
    outgoing.end(request.body);
    // What became of a write whose client went away must be in the API server's audit log, so it is done to its end.
    if (!isWrite(request)) response.on('close', () => outgoing.destroy());
    const [upstreamAnswer] = (await once(outgoing, 'response')) as [IncomingMessage];
    request.status = upstreamAnswer.statusCode;
    for (const hook of hooks) await hook.after?.(request);
    if (fault?.type === 'cut-answer') return cut(request, response);
    response.writeHead(upstreamAnswer.statusCode ?? 502, upstreamAnswer.headers);
    response.flushHeaders();
    const exchange: Exchange = { request, response, muted: false };
    exchanges.add(exchange);
    response.on('close', () => exchanges.delete(exchange));
    if (fault?.type === 'stream') return handOnEvents(upstreamAnswer, exchange, fault);
    upstreamAnswer.on('data', (chunk: Buffer) => exchange.muted || response.write(chunk));
    upstreamAnswer.on('end', () => exchange.muted || response.end());
    upstreamAnswer.on('error', () => response.destroy());
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy()); // The client or the API server went away.
  });
  let connections = 0;
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    kubeconfigPath: await writeProxyKubeconfig(`${kubeconfigPath}.proxy-${url.split(':').at(-1)}`, url),
    requests,
    get connections() {
      return connections;
    },
    fault(matches, fault, times = Number.POSITIVE_INFINITY) {
      const armed: ArmedFault = { matches, fault, left: times, hits: 0 };
      faults.unshift(armed);
      return {
        get hits() {
          return armed.hits;
        },
        remove: () => {
          armed.left = 0;
        },
      };
    },
    onRequest(hook) {
      hooks.add(hook);
      return () => void hooks.delete(hook);
    },
    inFlight(matches, act) {
      const met = [...exchanges].filter(({ request }) => matches(request));
      for (const exchange of met) {
        if (act === 'cut') exchange.response.destroy();
        else if (act === 'end') exchange.response.end();
        else if (act === 'mute') exchange.muted = true;
        else exchange.response.write(act.write);
      }
      return met.length;
    },
    async close() {
      server.closeAllConnections();
      upstream.agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A watch's answer, line by line: each is one event. */
async function handOnEvents(events: IncomingMessage, exchange: Exchange, fault: Extract<Fault, { type: 'stream' }>) {
  const { response } = exchange;
  const later = (act: () => void) =>
    setTimeout(() => exchange.muted || response.destroyed || act(), fault.delayMs ?? 0);
  for await (const line of createInterface({ input: events }))
    if (!fault.drops?.(JSON.parse(line) as WatchEvent)) later(() => response.write(`${line}\n`));
  later(() => response.end());
}

async function readRequest(incoming: IncomingMessage, number: number): Promise<ProxiedRequest> {
  const { pathname: path, searchParams: query } = new URL(incoming.url ?? '/', 'http://proxy');
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  return { number, method: incoming.method ?? 'GET', path, query, body, status: undefined };
}

function answer(request: ProxiedRequest, response: ServerResponse, fault: Extract<Fault, { type: 'answer' }>) {
  const { status, headers = {} } = fault;
  const body = fault.body ?? JSON.stringify(statusObject(status, 'asked for by the test'));
  request.status = status;
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

/** A Status as the API server would send it. */
export function statusObject(code: number, message: string) {
  const reasons: Record<number, string> = { 410: 'Expired', 429: 'TooManyRequests', 503: 'ServiceUnavailable' };
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: reasons[code] ?? 'Unknown', code, message };
}

function cut(request: ProxiedRequest, response: ServerResponse) {
  request.status = 0;
  response.destroy();
}

async function upstreamOf(kubeconfigPath: string) {
  const config = new KubeConfig();
  config.loadFromString(await readFile(kubeconfigPath, 'utf8'));
  const options: Parameters<typeof config.applyToHTTPSOptions>[0] = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, headers } = options as Record<'ca' | 'cert' | 'key', string> & {
    headers: Record<string, string>;
  };
  return {
    server: config.getCurrentCluster()?.server ?? '',
    headers,
    agent: new Agent({ ca, cert, key, keepAlive: true }),
  };
}

async function writeProxyKubeconfig(path: string, url: string): Promise<string> {
  // Without `insecure-skip-tls-verify` client-node refuses plain HTTP.
  const cluster = { server: url, 'insecure-skip-tls-verify': true };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'proxy',
    clusters: [{ name: 'proxy', cluster }],
    users: [{ name: 'proxy', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}
