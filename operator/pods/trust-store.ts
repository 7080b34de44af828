import { BerthError } from '@berth/protocol';
import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isAlreadyExists, isNotFound } from '../kubernetes/errors.ts';
import { managedByLabel, managedByValue, path, rotateAnnotation } from '../resource/names.ts';
import { parseTrust, type TrustState, trustFields } from './trust-state.ts';

/** Secret in the operator's namespace with its CA, or with the certificate that it was given. */
export const caSecret = 'berth-ca';

/** The stored CA cannot be used. It is not replaced: every running pod trusts it. */
export class CertificateAuthorityError extends BerthError {
  readonly code = 'CA_SECRET_INVALID';
  readonly retryable = false;
  constructor(namespace: string, options: { cause: unknown }) {
    const why = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(
      `Cannot use the CA in the Secret "${namespace}/${caSecret}": ${why}; restore it, or delete it: an operator that runs writes back what it has, one that starts makes another`,
      options,
    );
  }
}

/** The Secret as it was read. */
export interface StoredTrust {
  readonly state: TrustState;
  /** Somebody asked for a rotation, by the annotation. */
  readonly isAsked: boolean;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The Secret in which replicas share what they prove themselves with. */
export interface TrustStore {
  /**
   * Undefined when there is none.
   * @throws {CertificateAuthorityError} there is one that cannot be used
   * @throws {ApiError}
   */
  read(signal?: AbortSignal): Promise<StoredTrust | undefined>;
  /**
   * Makes it; what another replica has made meanwhile stays.
   * @throws {ApiError}
   */
  create(state: TrustState, signal?: AbortSignal): Promise<void>;
  /**
   * Replaces what was read, and gives what is stored then. With `answersAsking` the annotation goes with it.
   * @throws {ApiError} a conflict: somebody else has changed it since
   */
  replace(
    before: StoredTrust,
    state: TrustState,
    options: { readonly answersAsking: boolean; readonly signal: AbortSignal },
  ): Promise<StoredTrust>;
}

interface Secret {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** @param namespace of the operator */
export function createTrustStore(client: Pick<KubernetesClient, 'request'>, namespace: string): TrustStore {
  const at = path.secret(namespace, caSecret);

  async function secret(signal?: AbortSignal): Promise<Secret | undefined> {
    try {
      return await client.request<Secret>({ method: 'GET', path: at, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  function stored({ metadata, data = {} }: Secret): StoredTrust {
    try {
      return {
        state: parseTrust(decoded(data)),
        isAsked: metadata.annotations?.[rotateAnnotation] !== undefined,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      };
    } catch (cause) {
      throw new CertificateAuthorityError(namespace, { cause });
    }
  }

  return {
    async read(signal) {
      const found = await secret(signal);
      return found === undefined ? undefined : stored(found);
    },

    async create(state, signal) {
      const held = Object.entries(trustFields(state)).filter(([, value]) => value !== null);
      const body = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: caSecret, namespace, labels: { [managedByLabel]: managedByValue } },
        type: 'Opaque',
        stringData: Object.fromEntries(held),
      };
      try {
        await client.request({
          method: 'POST',
          path: path.secrets(namespace),
          body,
          ...(signal === undefined ? {} : { signal }),
        });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    },

    async replace({ uid, resourceVersion }, state, { answersAsking, signal }) {
      const annotations = answersAsking ? { annotations: { [rotateAnnotation]: null } } : {};
      const data = Object.entries(trustFields(state)).map(([name, value]) => [
        name,
        value === null ? null : encoded(value),
      ]);
      const body = { metadata: { uid, resourceVersion, ...annotations }, data: Object.fromEntries(data) };
      return stored(await client.request<Secret>({ method: 'PATCH', path: at, contentType: mergePatch, body, signal }));
    },
  };
}

const encoded = (text: string) => Buffer.from(text).toString('base64');
const decoded = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64')]));
