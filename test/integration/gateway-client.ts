import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { path } from '@berth/operator/resource/names.ts';
import { Agent, request as httpRequest } from 'undici';

export interface GatewayRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH';
  readonly token?: string;
  readonly json?: unknown;
  /** Instead of `json`: sent as it is. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface GatewayResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  /** Of a JSON body; undefined for others. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  readonly json: any;
}

/** Calls a gateway as a client outside of the cluster does: by its CA, which is in each namespace with sessions. */
export function gatewayClient(url: string, caPem: string) {
  const dispatcher = new Agent({ connect: { ca: caPem } });
  return {
    async call(route: string, request: GatewayRequest = {}): Promise<GatewayResponse> {
      const {
        method = 'GET',
        token,
        json,
        body = json === undefined ? undefined : JSON.stringify(json),
        headers,
        signal,
      } = request;
      const answer = await httpRequest(`${url}${route}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
        signal: signal ?? AbortSignal.timeout(60_000),
        dispatcher,
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      const isJson = /json/.test(String(answer.headers['content-type'] ?? ''));
      const text = isJson ? JSON.parse(bytes.toString('utf8')) : undefined;
      return { status: answer.statusCode, headers: answer.headers, bytes, json: text };
    },
    close: () => dispatcher.close(),
  };
}

/** A ServiceAccount, what it may do in its own namespace, and a token of it. */
export async function aCaller(
  client: KubernetesClient,
  namespace: string,
  name: string,
  rules: readonly unknown[],
  audience = 'berth-gateway',
) {
  const metadata = { name, namespace };
  await client.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: { metadata } });
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  await client.request({ method: 'POST', path: `${rbac}/roles`, body: { metadata, rules } });
  await client.request({
    method: 'POST',
    path: `${rbac}/rolebindings`,
    body: {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  });
  return tokenOf(client, namespace, name, audience);
}

export async function tokenOf(
  client: KubernetesClient,
  namespace: string,
  name: string,
  audience: string,
): Promise<string> {
  const { status } = await client.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], expirationSeconds: 3600 },
    },
  });
  return status.token;
}

export async function caOf(client: KubernetesClient, namespace: string): Promise<string> {
  const { data } = await client.request<{ data: Record<string, string> }>({
    method: 'GET',
    path: path.configMap(namespace, 'berth-ca'),
  });
  return data['ca.crt'] ?? '';
}
