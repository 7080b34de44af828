import type { Dispatcher } from 'undici';
import type { ApiRequest, KubernetesClient, WatchEvent } from './client.ts';
import { createConnection, type OpenConnection } from './connection.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { ApiError, apiErrorFromStatus } from './errors.ts';
import { jsonLines } from './json-lines.ts';
import { resourceOfPath } from './resource-of-path.ts';
import { fullJitter, sleep } from './retry.ts';
import { createServerClock } from './server-clock.ts';

/** What is told of each answer, for the rest_client_* metrics. */
export interface ApiResponse {
  readonly method: string;
  /** Resource and subresource, for instance `pods/status`: a closed set. */
  readonly resource: string;
  readonly host: string;
  /** HTTP status, or 0 when there was no answer. */
  readonly status: number;
  /** Until the whole answer was read; of a watch until it was opened. */
  readonly durationMs: number;
}

export interface KubernetesClientOptions {
  /** Otherwise `KUBECONFIG`, `~/.kube/config` or the pod's ServiceAccount, in this order. */
  readonly kubeconfigPath?: string;
  readonly userAgent?: string;
  readonly fetchTimeouts?: {
    /** Milliseconds to open a connection; 5_000 unless told. */
    readonly connectMs?: number;
    /** Milliseconds of a request that names no `timeoutMs`; 10_000 unless told. */
    readonly requestMs?: number;
  };
  /** Called once for each attempt. Must not throw. */
  readonly onResponse?: (response: ApiResponse) => void;
  readonly random?: () => number;
}

const retryBaseMs = 100;
const retryMaxMs = 2_000;
/** Milliseconds until the first byte of a watch. The API server sends the headers at once. */
const watchOpenMs = 10_000;

/** Creates the client; the connection is opened by the first request. */
export function createKubernetesClient(options: KubernetesClientOptions = {}): KubernetesClient {
  const {
    kubeconfigPath,
    userAgent = 'berth-operator',
    fetchTimeouts = {},
    onResponse,
    random = Math.random,
  } = options;
  const { connectMs = 5_000, requestMs = 10_000 } = fetchTimeouts;
  const connection = createConnection({ kubeconfigPath, connectTimeoutMs: connectMs });
  const clock = createServerClock();

  /** Sends one attempt and hands its answer to `take`, with every failure as an ApiError. */
  async function exchange<R>(
    request: ApiRequest,
    which: 'requests' | 'watches',
    timing: Pick<Dispatcher.RequestOptions, 'signal' | 'headersTimeout' | 'bodyTimeout'>,
    take: (answer: Dispatcher.ResponseData) => Promise<R>,
  ): Promise<R> {
    const open = await connection.current();
    const sentAtMs = performance.now();
    let status = 0;
    try {
      const answer = await open[which].request({ ...wireForm(request, open, userAgent), ...timing });
      status = answer.statusCode;
      learnTime(answer, sentAtMs);
      if (status >= 300) throw await refusal(request, answer);
      return await take(answer);
    } catch (error) {
      throw asApiError(request, error);
    } finally {
      onResponse?.({
        method: request.method,
        resource: resourceOfPath(request.path),
        host: new URL(open.origin).host,
        status,
        durationMs: performance.now() - sentAtMs,
      });
    }
  }

  function learnTime({ headers }: Dispatcher.ResponseData, sentAtMs: number) {
    if (typeof headers['date'] === 'string') clock.learn(headers['date'], sentAtMs, performance.now());
  }

  /** Milliseconds until the request may be sent again, or undefined when it must not be. */
  function repeatAfterMs({ method }: ApiRequest, error: ApiError, attempt: number): number | undefined {
    if (error.status === 401) {
      connection.distrust();
      return attempt === 0 ? 0 : undefined; // The token may have been renewed since it was read.
    }
    // Only a 429 says that nothing was done; after anything else a write may have taken place.
    if (error.status !== 429 && !(method === 'GET' && error.retryable)) return undefined;
    return (error.retryAfterMs ?? 0) + fullJitter(attempt, retryBaseMs, retryMaxMs, random);
  }

  async function requestUntil<T>(request: ApiRequest, deadline: Deadline): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await exchange(request, 'requests', { signal: deadline.signal }, (answer) => parsed<T>(request, answer));
      } catch (error) {
        if (!(error instanceof ApiError) || deadline.signal.aborted) throw error;
        const waitMs = repeatAfterMs(request, error, attempt);
        if (waitMs === undefined || waitMs >= deadline.remainingMs()) throw error;
        await sleep(waitMs, deadline.signal);
      }
    }
  }

  return {
    async request<T>(request: ApiRequest): Promise<T> {
      const deadline = startDeadline(request.timeoutMs ?? requestMs, request.signal);
      try {
        return await requestUntil<T>(request, deadline);
      } catch (error) {
        if (request.signal?.aborted && !deadline.expired) throw request.signal.reason;
        throw error;
      } finally {
        deadline.end();
      }
    },

    async *watch({ path, query, idleTimeoutMs, signal }) {
      const request: ApiRequest = { method: 'GET', path, query: { ...query, watch: 'true' } };
      const headersTimeout = Math.min(idleTimeoutMs, watchOpenMs);
      try {
        const { body } = await exchange(
          request,
          'watches',
          { signal, headersTimeout, bodyTimeout: idleTimeoutMs },
          (answer) => Promise.resolve(answer),
        );
        for await (const event of jsonLines(body)) yield event as WatchEvent;
      } catch (error) {
        if (signal.aborted) return;
        const failure = asApiError(request, error);
        if (failure.status === 401) connection.distrust();
        throw failure;
      }
    },

    nowMs: () => clock.nowMs(),
    close: () => connection.close(),
  };
}

function wireForm(request: ApiRequest, open: OpenConnection, userAgent: string) {
  const { body, query } = request;
  return {
    origin: open.origin,
    method: request.method,
    path: open.pathPrefix + request.path,
    reset: false, // undici closes the connection after a DELETE with a body, and the next request waits for a handshake.
    ...(query === undefined ? {} : { query }),
    headers: {
      ...open.headers,
      accept: 'application/json',
      'user-agent': userAgent,
      ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

async function parsed<T>(request: ApiRequest, { body, statusCode }: Dispatcher.ResponseData): Promise<T> {
  const text = await body.text();
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const message = `not JSON: ${text}`;
    throw new ApiError({ ...identity(request), status: statusCode, reason: 'InvalidAnswer', message, cause });
  }
}

async function refusal(request: ApiRequest, { body, statusCode, headers }: Dispatcher.ResponseData): Promise<ApiError> {
  const text = await body.text();
  const retryAfterMs = Number(headers['retry-after']) * 1000;
  return apiErrorFromStatus(identity(request), {
    status: statusCode,
    body: jsonOrText(text),
    ...(Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
  });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // A page of a proxy in between.
  }
}

/** Whatever kept the answer from being read: refused, cut, silent, aborted. */
function asApiError(request: ApiRequest, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message || error.name : String(error);
  return new ApiError({ ...identity(request), status: 0, reason: 'Unreachable', message, cause: error });
}

function identity({ method, path }: ApiRequest) {
  return { method, path };
}
