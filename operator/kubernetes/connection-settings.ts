import { access, readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '@berth/protocol';

/** Where the API server is and how to be let in. */
export interface ConnectionSettings {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path before every request path; empty but for API servers behind a gateway. */
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Without any certificate for plain HTTP. */
  readonly tls: TlsSettings;
}

export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/**
 * Reads the settings anew each time, because tokens and certificates rotate.
 * `fresh`: the API server refused the last ones, so that nothing remembered may be used.
 */
export type ReadConnectionSettings = (fresh: boolean) => Promise<ConnectionSettings>;

/** No usable way to an API server is configured. */
export class ConnectionSettingsError extends BerthError {
  readonly code = 'KUBERNETES_CONNECTION_SETTINGS';
  // A token file may be in the middle of its rotation.
  readonly retryable = true;
  constructor(what: string, whatToDo: string, options?: ErrorOptions) {
    super(`Cannot connect to the API server: ${what}; ${whatToDo}`, options);
  }
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds out once which source is to be used, in the order of client-go: the given kubeconfig, `KUBECONFIG`,
 * `~/.kube/config`, the pod's ServiceAccount.
 * @throws {ConnectionSettingsError} there is none.
 */
export async function findConnectionSettings(kubeconfigPath?: string): Promise<ReadConnectionSettings> {
  if (kubeconfigPath !== undefined || process.env['KUBECONFIG']) return readFromKubeconfig(kubeconfigPath);
  if (await exists(join(homedir(), '.kube', 'config'))) return readFromKubeconfig();
  if (await exists(`${serviceAccount}/token`)) return readFromServiceAccount;
  throw new ConnectionSettingsError(
    'there is neither a kubeconfig nor a ServiceAccount token',
    'set KUBECONFIG, or run in a pod with its token mounted',
  );
}

/**
 * The pod's own ServiceAccount. Done here because importing client-node costs a pod 78 MiB and 0.9 s (measured,
 * 2.0.1 on Node 26), all for three values.
 */
async function readFromServiceAccount(): Promise<ConnectionSettings> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  const [token, ca] = await Promise.all([
    readFile(`${serviceAccount}/token`, 'utf8'),
    readFile(`${serviceAccount}/ca.crt`, 'utf8'),
  ]);
  const hostInUrl = host.includes(':') ? `[${host}]` : host;
  return {
    ...originAndPrefix(`https://${hostInUrl}:${port}`),
    headers: { authorization: `Bearer ${token.trim()}` },
    tls: { ca },
  };
}

/** A kubeconfig by client-node, which knows token files, client certificates, exec plugins and OIDC. */
async function readFromKubeconfig(path?: string): Promise<ReadConnectionSettings> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  let config: InstanceType<typeof KubeConfig> | undefined;
  return async (fresh) => {
    // Kept between two reads: it remembers what an exec plugin answered, and those are slow.
    if (config === undefined || fresh) {
      config = new KubeConfig();
      if (path === undefined) config.loadFromDefault();
      else config.loadFromFile(path);
    }
    const cluster = config.getCurrentCluster();
    if (cluster === null) {
      throw new ConnectionSettingsError('the kubeconfig has no current context', 'name one by "current-context"');
    }
    if (cluster.proxyUrl !== undefined) {
      throw new ConnectionSettingsError('the kubeconfig names a "proxy-url"', 'use a cluster entry without one');
    }
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
    if (options.auth) headers['authorization'] = `Basic ${btoa(options.auth)}`;
    const { servername, rejectUnauthorized } = options;
    // client-node reads each file anew, as a Buffer of PEM.
    const { ca, cert, key } = options as { ca?: Buffer; cert?: Buffer; key?: Buffer };
    return {
      ...originAndPrefix(cluster.server),
      headers,
      tls: {
        ...(ca === undefined ? {} : { ca: ca.toString() }),
        ...(cert === undefined ? {} : { cert: cert.toString() }),
        ...(key === undefined ? {} : { key: key.toString() }),
        ...(servername === undefined ? {} : { servername }),
        ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      },
    };
  };
}

function originAndPrefix(server: string): { origin: string; pathPrefix: string } {
  const url = new URL(server);
  return { origin: url.origin, pathPrefix: url.pathname.replace(/\/+$/, '') };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
