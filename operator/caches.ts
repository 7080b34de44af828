import type { KubernetesClient } from './kubernetes/client.ts';
import type { Log } from './kubernetes/log.ts';
import { slimNode } from './observe/slim-node.ts';
import { slimPod } from './observe/slim-pod.ts';
import { slimClaim, slimSession, slimSessionEnd } from './observe/slim-session.ts';
import { managedByLabel, managedByValue, path } from './resource/names.ts';
import { type ReflectorOptions, startReflector } from './watch/list-watch.ts';
import { type Cached, createSlimCache, type ReflectedCache } from './watch/slim-cache.ts';

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

/** Fills the caches and keeps them current. Whoever listens to a cache must do so before. */
export function startReflectors(caches: ReturnType<typeof createCaches>, client: KubernetesClient, log: Log) {
  const follow = <T extends Cached>(
    name: string,
    cache: ReflectedCache<T>,
    source: Pick<ReflectorOptions<T>, 'path' | 'labelSelector' | 'pageSize'>,
  ) => startReflector({ client, log, name, cache, ...source });
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
    stop: () => Promise.all(reflectors.map((reflector) => reflector.stop())),
  };
}
