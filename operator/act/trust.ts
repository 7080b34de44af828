import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import { caConfigMap, managedByLabel, managedByValue, path } from '../resource/names.ts';

/**
 * Puts the operator's CA into a namespace as the ConfigMap that its pods mount. It is read before each start: the
 * namespace may have been deleted and made anew, and a broken one would leave its pods mute.
 */
export function createPublishTrust({ client, caPem }: { readonly client: KubernetesClient; readonly caPem: string }) {
  const data = { 'ca.crt': caPem };
  const labels = { [managedByLabel]: managedByValue };
  /** Sessions that are made together would each find it missing: they wait for the first one's. */
  const underWay = new Map<string, Promise<void>>();

  async function publish(namespace: string, signal: AbortSignal): Promise<void> {
    const at = path.configMap(namespace, caConfigMap);
    try {
      const found = await client.request<{ data?: Record<string, string> }>({ method: 'GET', path: at, signal });
      if (found.data?.['ca.crt'] === caPem) return;
      const body = { metadata: { labels }, data };
      await client.request({ method: 'PATCH', path: at, contentType: mergePatch, body, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: caConfigMap, namespace, labels }, data };
      await client.request({ method: 'POST', path: path.configMaps(namespace), body, signal });
    }
  }

  return function publishTrust(namespace: string, signal: AbortSignal): Promise<void> {
    const shared = underWay.get(namespace) ?? publish(namespace, signal).finally(() => underWay.delete(namespace));
    underWay.set(namespace, shared);
    return shared;
  };
}
