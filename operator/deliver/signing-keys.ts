import { randomBytes } from 'node:crypto';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { ensureSecret, readSecret } from '../pods/ensure-secret.ts';
import type { SessionEnd, Sink } from '../resource/session-end.ts';
import { SinkKeyMissingError } from './errors.ts';

/** Gives the key with which a post to a sink is signed. */
export interface SigningKeys {
  /**
   * @throws {SinkKeyMissingError} the sink names a key that does not exist
   * @throws {ApiError}
   */
  keyFor(end: SessionEnd, sink: Sink, signal: AbortSignal): Promise<Uint8Array>;
}

/** Secret in the operator's namespace with the key for sinks that name none. */
export const signingKeySecret = 'berth-signing-key';
const signingKeyField = 'key';

/**
 * Reads keys by name at each attempt, so that a mended or rotated one counts at once. The operator's own is made when it
 * is first needed; whoever wants to verify by it reads it from its Secret.
 */
export function createSigningKeys(dependencies: {
  readonly client: KubernetesClient;
  readonly operatorNamespace: string;
}): SigningKeys {
  const { client, operatorNamespace } = dependencies;

  async function ownKey(): Promise<Uint8Array> {
    const at = { namespace: operatorNamespace, name: signingKeySecret };
    const newKey = () => ({ [signingKeyField]: `whsec_${randomBytes(32).toString('base64')}` });
    const key = (await ensureSecret(client, at, newKey))[signingKeyField];
    if (key === undefined) throw new SinkKeyMissingError(operatorNamespace, { name: at.name, key: signingKeyField });
    return key;
  }

  return {
    async keyFor({ spec }, { secretRef }, signal) {
      if (secretRef === undefined) return ownKey();
      // The session's namespace, which is not that of the record when the namespace was being deleted.
      const { namespace } = spec.session;
      const key = (await readSecret(client, { namespace, name: secretRef.name, signal }))?.[secretRef.key];
      if (key === undefined) throw new SinkKeyMissingError(namespace, secretRef);
      return key;
    },
  };
}
