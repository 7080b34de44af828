import type { KubernetesClient } from './kubernetes/client.ts';
import type { Log } from './kubernetes/log.ts';
import { slimNode } from './observe/slim-node.ts';
import { slimPod } from './observe/slim-pod.ts';
import { type SlimRoleBinding, slimRoleBinding } from './observe/slim-role-binding.ts';
import { slimClaim, slimSession, slimSessionEnd } from './observe/slim-session.ts';
import { managedByLabel, managedByValue, path } from './resource/names.ts';
import { type Reflector, type ReflectorOptions, startReflector } from './watch/list-watch.ts';
import { createNamespacesInSight, type NamespacesInSight } from './watch/namespaces-in-sight.ts';
import { type Cached, createSlimCache, type ReflectedCache, type SlimCache } from './watch/slim-cache.ts';

const ours = `${managedByLabel}=${managedByValue}`;

/** One cache for each kind that is watched, and where it comes from. */
export function createCaches(log: Log) {
  const onListenerError = (error: unknown, key: string) => log.error('Change not taken in', { error, key });
  return {
    sessions: createSlimCache({ slim: slimSession, onListenerError }),
    pods: createSlimCache({ slim: slimPod, onListenerError }),
    sessionEnds: createSlimCache({ slim: slimSessionEnd, onListenerError }),
    claims: createSlimCache({ slim: slimClaim, onListenerError }),
    nodes: createSlimCache({ slim: slimNode, onListenerError }),
  };
}
type AllCaches = ReturnType<typeof createCaches>;

/** What fills the caches. */
export interface Reflectors {
  /** Resolves when the caches hold all that can be known at the start. */
  readonly synced: Promise<unknown>;
  /** Whether the caches hold all of a namespace. */
  isInSight(namespace: string): boolean;
  /** Called when the caches hold all of a namespace, the first time or again. */
  onArrival(listener: (namespace: string) => void): void;
  /** The operator's own RoleBinding in each of the namespaces that are watched one by one. */
  readonly bindings: SlimCache<SlimRoleBinding>;
  /** Watches such a namespace no more. What the caches hold of it stays, and is acted on no more. */
  drop(namespace: string): Promise<void>;
  stop(): Promise<unknown>;
}

interface Source {
  readonly client: KubernetesClient;
  readonly log: Log;
}

function follower({ client, log }: Source) {
  return <T extends Cached>(
    name: string,
    cache: ReflectedCache<T>,
    source: Omit<ReflectorOptions<T>, 'client' | 'log' | 'name' | 'cache'>,
  ) => startReflector({ client, log, name, cache, ...source });
}

const createBindings = (log: Log) =>
  createSlimCache({
    slim: slimRoleBinding,
    onListenerError: (error, key) => log.error('Change not taken in', { error, key }),
  });

const stopAll = (reflectors: readonly Reflector[]) => Promise.all(reflectors.map((reflector) => reflector.stop()));

/** Fills the caches from all namespaces and keeps them current. Whoever listens to a cache must do so before. */
export function startReflectors(caches: AllCaches, source: Source): Reflectors {
  const follow = follower(source);
  const reflectors = [
    follow('whatsappsessions', caches.sessions, { path: path.sessions() }),
    follow('pods', caches.pods, { path: path.pods(), labelSelector: ours }),
    follow('sessionends', caches.sessionEnds, { path: path.sessionEnds() }),
    follow('persistentvolumeclaims', caches.claims, { path: path.claims(), labelSelector: ours }),
    // A node is ten times as large as a pod: it names the images that it holds.
    follow('nodes', caches.nodes, { path: path.nodes, pageSize: 50 }),
  ];
  return {
    synced: Promise.all(reflectors.map(({ synced }) => synced)),
    isInSight: () => true,
    onArrival: () => undefined,
    bindings: createBindings(source.log),
    drop: () => Promise.resolve(),
    stop: () => stopAll(reflectors),
  };
}

/**
 * Fills the caches from these namespaces, each by reflectors of its own, and from the operator's, where records of ends lie
 * whose own namespace took none. Nodes are not looked at: no Role can allow it.
 */
export function startNamespacedReflectors(
  caches: AllCaches,
  source: Source & {
    readonly namespaces: readonly string[];
    readonly operatorNamespace: string;
    /** Name of the operator's own RoleBinding in each. */
    readonly roleName: string;
  },
): Reflectors {
  const { namespaces, operatorNamespace, roleName, log } = source;
  const bindings = createBindings(log);
  const follow = follower(source);
  const kinds = ['whatsappsessions', 'pods', 'sessionends', 'persistentvolumeclaims'];
  const inSight = createNamespacesInSight({ namespaces, kinds, log });

  function reflectorsOf(namespace: string): Reflector[] {
    const of = (kind: string) => ({
      namespace,
      onListed: () => inSight.listed(namespace, kind),
      onRefused: (error: Parameters<NamespacesInSight['refused']>[2]) => inSight.refused(namespace, kind, error),
    });
    return [
      follow('whatsappsessions', caches.sessions, { path: path.sessions(namespace), ...of('whatsappsessions') }),
      follow('pods', caches.pods, { path: path.pods(namespace), labelSelector: ours, ...of('pods') }),
      follow('sessionends', caches.sessionEnds, { path: path.sessionEnds(namespace), ...of('sessionends') }),
      follow('persistentvolumeclaims', caches.claims, {
        path: path.claims(namespace),
        labelSelector: ours,
        ...of('persistentvolumeclaims'),
      }),
      // Sessions are run also where the rights were granted by other means; then nothing is to be let go of.
      follow('rolebindings', bindings, {
        path: path.roleBindings(namespace),
        fieldSelector: `metadata.name=${roleName}`,
        namespace,
        onRefused: () => undefined,
      }),
    ];
  }

  const byNamespace = new Map(namespaces.map((namespace) => [namespace, reflectorsOf(namespace)]));
  const own = namespaces.includes(operatorNamespace)
    ? []
    : [
        follow('sessionends', caches.sessionEnds, {
          path: path.sessionEnds(operatorNamespace),
          namespace: operatorNamespace,
        }),
      ];
  return {
    synced: Promise.all([inSight.settled, ...own.map(({ synced }) => synced)]),
    isInSight: inSight.has,
    onArrival: inSight.onArrival,
    bindings,
    async drop(namespace) {
      inSight.drop(namespace);
      const dropped = byNamespace.get(namespace) ?? [];
      byNamespace.delete(namespace);
      await stopAll(dropped);
    },
    stop: () => stopAll([...own, ...[...byNamespace.values()].flat()]),
  };
}
