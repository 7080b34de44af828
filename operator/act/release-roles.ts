import { BerthError } from '@berth/protocol';
import { type ApiRequest, type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isForbidden, isNotFound } from '../kubernetes/errors.ts';
import type { HeldRequest } from '../kubernetes/hold-request.ts';
import { lastOutFinalizer, path } from '../resource/names.ts';
import type { ObjectMeta } from '../resource/object-meta.ts';

/** The Role went, and with it the right to let go of its RoleBinding. */
export class RoleBindingStuckError extends BerthError {
  readonly code = 'ROLE_BINDING_STUCK';
  readonly retryable = true; // Its namespace may be granted to the operator anew.
  constructor(at: string, name: string, options: ErrorOptions) {
    const namespace = /namespaces\/([^/]+)/.exec(at)?.[1] ?? '';
    super(
      `Cannot let go of the RoleBinding "${name}" in "${namespace}": its Role is gone, and the request for it did not get through; ` +
        `do it for the operator: kubectl patch rolebinding ${name} -n ${namespace} --type=merge -p '{"metadata":{"finalizers":null}}'`,
      options,
    );
  }
}

export interface ReleaseRolesDependencies {
  readonly client: Pick<KubernetesClient, 'request'>;
  /** Sends the head of a request and waits with its body. */
  readonly hold: (request: ApiRequest) => Promise<HeldRequest>;
  /** Name of the Role and of the RoleBinding. */
  readonly name: string;
}

/**
 * Takes our finalizer off the Role and the RoleBinding in a namespace. Where they are being deleted, each goes with that, and
 * with either of them the right to do it to the other. So the second request is let in before the first is made.
 */
export function createReleaseRoles({ client, hold, name }: ReleaseRolesDependencies) {
  /** The request that takes it off; undefined where the object is gone, or does not carry it. */
  async function releaseOf(at: string): Promise<ApiRequest | undefined> {
    try {
      const { metadata } = await client.request<{ metadata: ObjectMeta }>({ method: 'GET', path: at });
      const { uid, resourceVersion, finalizers = [] } = metadata;
      if (!finalizers.includes(lastOutFinalizer)) return undefined;
      const others = finalizers.filter((finalizer) => finalizer !== lastOutFinalizer);
      const body = { metadata: { uid, resourceVersion, finalizers: others.length === 0 ? null : others } };
      return { method: 'PATCH', path: at, contentType: mergePatch, body };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function both(ofRole: ApiRequest, ofBinding: ApiRequest): Promise<void> {
    const held = await hold(ofBinding);
    // Not known to be let in: both at once, so that the second arrives before the API server has noticed the first.
    const early = held.isAdmitted ? undefined : held.send();
    early?.catch(() => undefined);
    try {
      await client.request(ofRole);
    } catch (error) {
      held.drop();
      throw error;
    }
    try {
      await (early ?? held.send());
    } catch (cause) {
      throw new RoleBindingStuckError(ofBinding.path, name, { cause });
    }
  }

  /**
   * True when the rights in the namespace are given up: by this, or because there were none any more.
   * @throws {ApiError} it was not done, and can be tried again
   */
  return async function releaseRoles(namespace: string): Promise<boolean> {
    try {
      const ofRole = await releaseOf(path.role(namespace, name));
      const ofBinding = await releaseOf(path.roleBinding(namespace, name));
      if (ofRole !== undefined && ofBinding !== undefined) await both(ofRole, ofBinding);
      else if (ofRole !== undefined) await client.request(ofRole);
      else if (ofBinding !== undefined) await client.request(ofBinding);
      return true;
    } catch (error) {
      if (isForbidden(error)) return false;
      throw error;
    }
  };
}
export type ReleaseRoles = ReturnType<typeof createReleaseRoles>;
