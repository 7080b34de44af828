import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isNamespaceTerminating, isNotFound } from '../kubernetes/errors.ts';
import { caConfigMap, managedByLabel, managedByValue, path } from '../resource/names.ts';

/** What became of it: the ConfigMap was right already, or it was written. */
export type Published = 'kept' | 'written';

export type PublishTrust = (namespace: string, signal: AbortSignal) => Promise<Published>;

/**
 * Puts the operator's CA into a namespace as the ConfigMap that its pods mount. It is read before each start: the
 * namespace may have been deleted and made anew, and a broken one would leave its pods mute.
 * @param authority whose `caPem` is what pods have to trust at that time
 */
export function createPublishTrust({
  client,
  authority,
}: {
  readonly client: KubernetesClient;
  readonly authority: { readonly caPem: string };
}): PublishTrust {
  const labels = { [managedByLabel]: managedByValue };
  /** Sessions that are made together would each find it missing: they wait for the first one's. */
  const underWay = new Map<string, { readonly caPem: string; readonly outcome: Promise<Published> }>();

  async function publish(namespace: string, caPem: string, signal: AbortSignal): Promise<Published> {
    const at = path.configMap(namespace, caConfigMap);
    const data = { 'ca.crt': caPem };
    try {
      const found = await client.request<{ data?: Record<string, string> }>({ method: 'GET', path: at, signal });
      if (found.data?.['ca.crt'] === caPem) return 'kept';
      const body = { metadata: { labels }, data };
      await client.request({ method: 'PATCH', path: at, contentType: mergePatch, body, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: caConfigMap, namespace, labels }, data };
      await client.request({ method: 'POST', path: path.configMaps(namespace), body, signal });
    }
    return 'written';
  }

  return function publishTrust(namespace, signal) {
    const { caPem } = authority;
    const shared = underWay.get(namespace);
    if (shared?.caPem === caPem) return shared.outcome;
    const outcome = publish(namespace, caPem, signal).finally(() => {
      if (underWay.get(namespace)?.outcome === outcome) underWay.delete(namespace);
    });
    underWay.set(namespace, { caPem, outcome });
    return outcome;
  };
}

/** How many namespaces are written to at the same time. */
const atOnce = 8;

/** What became of all namespaces. */
export interface PublishedEverywhere {
  /** How many had another bundle, or none. */
  readonly written: number;
  readonly refused: readonly { readonly namespace: string; readonly error: unknown }[];
}

/** Publishes the CA in many namespaces; one that refuses it stops no other. A namespace that goes is not counted. */
export async function publishEverywhere(
  publishTrust: PublishTrust,
  namespaces: Iterable<string>,
  signal: AbortSignal,
): Promise<PublishedEverywhere> {
  const waiting = [...namespaces];
  const refused: { namespace: string; error: unknown }[] = [];
  let written = 0;
  async function work(): Promise<void> {
    for (let namespace = waiting.pop(); namespace !== undefined; namespace = waiting.pop()) {
      signal.throwIfAborted();
      try {
        if ((await publishTrust(namespace, signal)) === 'written') written++;
      } catch (error) {
        signal.throwIfAborted();
        // Nothing starts in a namespace that goes, and what still runs there has the bundle of before until it ends.
        if (!isNotFound(error) && !isNamespaceTerminating(error)) refused.push({ namespace, error });
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  return { written, refused };
}
