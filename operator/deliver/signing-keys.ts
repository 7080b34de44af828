import { randomBytes } from 'node:crypto';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { ensureSecret, readSecret } from '../pods/ensure-secret.ts';
import type { SessionEnd, Sink } from '../resource/session-end.ts';
import { type ClusterSink, clusterSinkOf } from './cluster-sinks.ts';
import { SinkKeyMissingError } from './errors.ts';

/** A key to sign with. */
export interface SigningKey {
  readonly key: Uint8Array;
  /** What is missing in a sentence, where this is the operator's own key in place of one that is gone. */
  readonly standsInFor?: string;
}

/** Gives the key with which a post to a sink is signed. */
export interface SigningKeys {
  /** @throws {ApiError} */
  keyFor(end: Pick<SessionEnd, 'spec'>, sink: Sink, signal: AbortSignal): Promise<SigningKey>;
}

/** Secret in the operator's namespace with the key for sinks that name none, or whose key is gone. */
export const signingKeySecret = 'berth-signing-key';
const signingKeyField = 'key';

/**
 * Reads keys by name at each attempt, so that a mended or rotated one counts at once. The operator's own is made when it
 * is first needed; whoever wants to verify by it reads it from its Secret.
 */
export function createSigningKeys(dependencies: {
  readonly client: KubernetesClient;
  readonly operatorNamespace: string;
  readonly clusterSinks?: readonly ClusterSink[];
}): SigningKeys {
  const { client, operatorNamespace, clusterSinks = [] } = dependencies;

  async function ownKey(): Promise<Uint8Array> {
    const at = { namespace: operatorNamespace, name: signingKeySecret };
    const newKey = () => ({ [signingKeyField]: `whsec_${randomBytes(32).toString('base64')}` });
    const key = (await ensureSecret(client, at, newKey))[signingKeyField];
    if (key === undefined) throw new SinkKeyMissingError(operatorNamespace, { name: at.name, key: signingKeyField });
    return key;
  }

  /** Where a sink's key lies; undefined when it names none. */
  function placeOf({ session }: SessionEnd['spec'], sink: Sink) {
    const cluster = clusterSinkOf(sink, clusterSinks);
    // The session's namespace, which is not that of the record when the namespace was being deleted.
    const namespace = cluster === undefined ? session.namespace : operatorNamespace;
    const secretRef = cluster === undefined ? sink.secretRef : cluster.secretRef;
    return secretRef && { namespace, ...secretRef };
  }

  return {
    async keyFor({ spec }, sink, signal) {
      const place = placeOf(spec, sink);
      if (place === undefined) return { key: await ownKey() };
      const { namespace, name, key: field } = place;
      const key = (await readSecret(client, { namespace, name, signal }))?.[field];
      if (key !== undefined) return { key };
      // Better told and signed by us than not told: the namespace, and the key with it, may be gone for good.
      return { key: await ownKey(), standsInFor: `there is no key "${field}" in a Secret "${name}"` };
    },
  };
}
