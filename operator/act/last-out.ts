import type { KubernetesClient } from '../kubernetes/client.ts';
import { isForbidden, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { sleep } from '../kubernetes/retry.ts';
import { hasSessions, heldRecords, heldSessions } from '../observe/held-objects.ts';
import type { WatchedNamespacesRecord } from '../observe/left-namespaces.ts';
import { type SlimRoleBinding, slimRoleBinding } from '../observe/slim-role-binding.ts';
import { path } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import type { ReleaseRoles } from './release-roles.ts';

export interface LastOutDependencies {
  readonly client: Pick<KubernetesClient, 'request'>;
  /** The operator's own RoleBindings, one in each namespace of the configuration. */
  readonly bindings: Pick<SlimCache<SlimRoleBinding>, 'values' | 'absorbGone'>;
  /** Namespaces that are watched, and shall be; empty when all are, by other rights than these. */
  readonly configured: ReadonlySet<string>;
  /** Namespaces that an operator before watched, and this one only until they are given up. */
  readonly left: Set<string>;
  readonly roleName: string;
  readonly record: WatchedNamespacesRecord;
  readonly releaseRoles: ReleaseRoles;
  /** A namespace that was left is given up: it need not be watched any more. */
  readonly onGivenUp: (namespace: string) => Promise<void>;
  readonly log: Log;
}

/** How often the namespaces that are being taken away are looked at, in milliseconds. Without one, nothing is asked. */
const lookMs = 2_000;

/**
 * Gives the operator's rights in a namespace up once they are being deleted and nothing there needs them: with the namespace,
 * or because it was taken out of `watchNamespaces`. Until then a finalizer keeps them, since the deletion of a namespace
 * takes Roles in no particular order, and sessions whose operator lost its rights would hang there for ever.
 */
export function createLastOut(dependencies: LastOutDependencies) {
  const { client, bindings, configured, left, roleName, record, releaseRoles, onGivenUp, log } = dependencies;
  /** Why the rights in a namespace are not given up yet. */
  const told = new Map<string, string>();

  /** What still needs the rights; undefined when nothing does. Asked of the API server itself, never of a watch. */
  async function neededBy(namespace: string): Promise<string | undefined> {
    if (configured.size === 0) return undefined; // All that is there is watched by other rights.
    const sessions = await heldSessions(client, namespace);
    if (sessions.size > 0) return `${sessions.size} sessions hold a finalizer`;
    // With its namespace each session goes; one that has no finalizer yet could still get it.
    if (configured.has(namespace) && (await hasSessions(client, namespace))) return 'sessions are still to go';
    const records = await heldRecords(client, namespace);
    return records.length > 0 ? `${records.length} records of ends wait for their receivers` : undefined;
  }

  /** Whether the rights are given up. */
  async function look(namespace: string): Promise<boolean> {
    const why = await neededBy(namespace);
    if (why !== undefined) {
      if (told.get(namespace) !== why)
        log.info("The operator's rights in a namespace are kept until its last session is gone", { namespace, why });
      told.set(namespace, why);
      return false;
    }
    if (await releaseRoles(namespace))
      log.info("The operator's rights in a namespace are given up: nothing is left there that needs them", {
        namespace,
      });
    return true;
  }

  async function lookAt({ namespace, name, uid }: SlimRoleBinding): Promise<void> {
    if (!(await look(namespace))) return;
    told.delete(namespace);
    bindings.absorbGone(`${namespace}/${name}`, uid);
  }

  /** A namespace that was left. Nobody watches its RoleBinding: there are few, and not for long. */
  async function lookAtLeft(namespace: string): Promise<void> {
    const binding = await readBinding(namespace);
    if (binding?.waitsForUs === false) return; // helm takes it away last.
    if (binding !== undefined && !(await look(namespace))) return;
    told.delete(namespace);
    await onGivenUp(namespace);
    left.delete(namespace);
    await record.write([...configured, ...left]);
  }

  /** Undefined when it is gone, and the right to read it with it. */
  async function readBinding(namespace: string): Promise<SlimRoleBinding | undefined> {
    try {
      return slimRoleBinding(await client.request({ method: 'GET', path: path.roleBinding(namespace, roleName) }));
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return undefined;
      throw error;
    }
  }

  async function lookAtAll(): Promise<void> {
    for (const binding of bindings.values())
      if (binding.waitsForUs && configured.has(binding.namespace))
        await attempt(binding.namespace, () => lookAt(binding));
    for (const namespace of left) await attempt(namespace, () => lookAtLeft(namespace));
  }

  async function attempt(namespace: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.warn("The operator's rights in a namespace are not given up yet; it is tried again", { namespace, error });
    }
  }

  return {
    /** Works until the lease is lost or the operator stops. */
    async lead(signal: AbortSignal): Promise<void> {
      for (let isRecorded = false; !signal.aborted; ) {
        try {
          if (!isRecorded) await record.write([...configured, ...left]);
          isRecorded = true;
        } catch (error) {
          log.warn('Watched namespaces not written into the Lease; it is tried again', { error });
        }
        await lookAtAll();
        await sleep(lookMs, signal).catch(() => undefined); // Only the end ends it early, and the loop sees that.
      }
    },
  };
}
