import { inject } from 'vitest';
import type { KubernetesClient } from '../../operator/kubernetes/client.ts';
import { createKubernetesClient } from '../../operator/kubernetes/create-client.ts';
import type { Log } from '../../operator/kubernetes/log.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** The API server of the run with a proxy of the test's own before it, which fails on command. */
export interface ProxiedApi {
  /** The admin's, past the proxy. */
  readonly kubeconfigPath: string;
  readonly proxy: FaultProxy;
  /** Past the proxy, as the cluster's admin. */
  readonly direct: KubernetesClient;
  /** Creates a namespace of the test's own and gives its name. */
  newNamespace(): Promise<string>;
  stop(): Promise<void>;
}

/** @param prefix of the namespaces' names: that of the test file, which shares the server with others. */
export async function startProxiedApi(prefix: string): Promise<ProxiedApi> {
  const kubeconfigPath = inject('kubeconfigPath');
  const proxy = await startFaultProxy(kubeconfigPath);
  const direct = createKubernetesClient({ kubeconfigPath });
  let namespaces = 0;
  return {
    kubeconfigPath,
    proxy,
    direct,
    async newNamespace() {
      const name = `${prefix}-${process.pid}-${++namespaces}`;
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await direct.request({ method: 'POST', path: '/api/v1/namespaces', body });
      return name;
    },
    async stop() {
      await direct.close();
      await proxy.close();
    },
  };
}

/** A log that keeps its lines, so that a failure can show them. */
export function keepingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string, fields: object = {}) => void lines.push(`${message} ${describe(fields)}`);
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}

function describe(fields: object): string {
  return JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.message : value));
}

/** Selects what tests made: each namespace has a ConfigMap of the controller manager too. */
export const madeByTest = 'made-by=test';

/** A ConfigMap: the plainest object there is. */
export function configMap(name: string, data: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { 'made-by': 'test' } }, data };
}
