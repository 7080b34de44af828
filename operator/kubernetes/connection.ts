import { isDeepStrictEqual } from 'node:util';
import { Agent } from 'undici';
import {
  type ConnectionSettings,
  ConnectionSettingsError,
  findConnectionSettings,
  type ReadConnectionSettings,
} from './connection-settings.ts';

/** Milliseconds after which tokens and certificates are read again; the kubelet renews them long before they end. */
const settingsAgeMs = 10_000;
/** Open connections for requests. The API server's CPU is the limit long before (measured: 20 were no faster). */
const requestConnections = 16;
/** Each watch keeps one connection for itself, apart from those for requests, which it would starve. */
const watchConnections = 64;
/** A list page of 500 large pods has some 10 MB. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** Keep-alive connections to the API server with the newest credentials. */
export interface Connection {
  /** @throws {ConnectionSettingsError} the settings cannot be read and never could. */
  current(): Promise<OpenConnection>;
  /** Makes the next `current()` read the settings again: the API server did not accept them. */
  distrust(): void;
  close(): Promise<void>;
}

export interface OpenConnection extends ConnectionSettings {
  readonly requests: Agent;
  readonly watches: Agent;
}

/** Opens nothing yet: the settings are read at the first use, and again when they are older than 10 s. */
export function createConnection(options: {
  readonly kubeconfigPath?: string | undefined;
  readonly connectTimeoutMs: number;
}): Connection {
  let read: ReadConnectionSettings | undefined;
  let open: OpenConnection | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let distrusted = false;
  let reading: Promise<OpenConnection> | undefined;
  const agents = new Set<Agent>();

  async function refresh(): Promise<OpenConnection> {
    try {
      read ??= await findConnectionSettings(options.kubeconfigPath);
      const settings = await read(distrusted);
      distrusted = false;
      open =
        open !== undefined && sameServer(open, settings) ? { ...open, headers: settings.headers } : opened(settings);
    } catch (error) {
      // A file in the middle of its rotation: what was read before serves on.
      if (open === undefined) throw asSettingsError(error);
    }
    readAtMs = performance.now();
    return open;
  }

  function opened(settings: ConnectionSettings): OpenConnection {
    // The old agents end their requests in flight; their watches end by themselves within ten minutes.
    for (const agent of agents) void agent.close().finally(() => agents.delete(agent));
    const requests = createAgent(settings, options.connectTimeoutMs, requestConnections, maxAnswerBytes);
    const watches = createAgent(settings, options.connectTimeoutMs, watchConnections, -1);
    agents.add(requests).add(watches);
    return { ...settings, requests, watches };
  }

  return {
    async current() {
      if (open !== undefined && performance.now() - readAtMs < settingsAgeMs) return open;
      reading ??= refresh().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    distrust() {
      distrusted = true;
      readAtMs = Number.NEGATIVE_INFINITY;
    },
    async close() {
      await Promise.all([...agents].map((agent) => agent.destroy()));
    },
  };
}

function createAgent(
  { tls }: ConnectionSettings,
  timeout: number,
  connections: number,
  maxResponseSize: number,
): Agent {
  return new Agent({
    connections,
    maxResponseSize,
    allowH2: false, // Slower here than HTTP/1.1 with keep-alive (measured), and one stuck stream sticks all.
    keepAliveTimeout: 30_000, // The API server closes an idle connection after 90 s.
    connect: { ...tls, timeout, keepAliveInitialDelay: 30_000 },
  });
}

function sameServer(a: ConnectionSettings, b: ConnectionSettings): boolean {
  return a.origin === b.origin && a.pathPrefix === b.pathPrefix && isDeepStrictEqual(a.tls, b.tls);
}

function asSettingsError(error: unknown): ConnectionSettingsError {
  if (error instanceof ConnectionSettingsError) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new ConnectionSettingsError(what, 'check the kubeconfig or the mounted ServiceAccount', { cause: error });
}
