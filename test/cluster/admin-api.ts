import { readFile } from 'node:fs/promises';
import { BerthError } from '@berth/protocol';
import { Client } from 'undici';

/** The API server's answer was not a success. */
export class AdminApiError extends BerthError {
  readonly code = 'ADMIN_API_REFUSED';
  readonly retryable = false;
  readonly status: number;
  constructor(method: string, path: string, status: number, body: string) {
    super(`Cannot ${method} "${path}": the API server answered ${status}: ${body.slice(0, 1000)}; mend the request`);
    this.status = status;
  }
}

/** The few requests that setting up a cluster needs. Tests of the operator use the operator's own client. */
export interface AdminApi {
  /** @throws {AdminApiError} any answer but 2xx. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<Record<string, unknown>>;
  /** Creates or changes an object to hold what `body` says. */
  apply(path: string, body: unknown): Promise<void>;
  /** Yields one line a change until the server ends the watch. */
  watch(path: string): AsyncGenerator<Record<string, unknown>>;
  close(): Promise<void>;
}

interface Kubeconfig {
  readonly clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  readonly users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

/** Speaks as the user of a kubeconfig that `writeKubeconfig` wrote. */
export async function adminApi(kubeconfigFile: string): Promise<AdminApi> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfigFile, 'utf8')) as Kubeconfig;
  const pem = (base64: string) => Buffer.from(base64, 'base64').toString();
  const client = new Client(clusters[0].cluster.server, {
    connect: {
      ca: pem(clusters[0].cluster['certificate-authority-data']),
      cert: pem(users[0].user['client-certificate-data']),
      key: pem(users[0].user['client-key-data']),
      timeout: 2000,
    },
    pipelining: 1,
    headersTimeout: 15_000,
    bodyTimeout: 0, // A watch is silent as long as nothing changes.
  });

  async function request(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<Record<string, unknown>> {
    const answer = await client.request({
      method,
      path,
      headers: { 'content-type': contentType, accept: 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new AdminApiError(method, path, answer.statusCode, text);
    return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text };
  }
  return {
    request,
    apply: async (path, body) => {
      await request('PATCH', `${path}?fieldManager=berth-dev&force=true`, body, 'application/apply-patch+yaml');
    },
    async *watch(path) {
      const { body, statusCode } = await client.request({ method: 'GET', path });
      if (statusCode >= 300) throw new AdminApiError('WATCH', path, statusCode, await body.text());
      let rest = '';
      for await (const chunk of body) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line) as Record<string, unknown>;
      }
    },
    close: () => client.destroy(),
  };
}
