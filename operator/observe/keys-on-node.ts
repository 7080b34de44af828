import type { ObservedPod } from '../plan/observed.ts';
import { type SessionKey, sessionKey } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

/** Keeps the keys of the pods on each node; it must be made before the cache is filled. */
export function indexKeysByNode(pods: SlimCache<ObservedPod>): (nodeName: string) => Iterable<SessionKey> {
  const byNode = new Map<string, Set<SessionKey>>();
  pods.onChange((_key, now, before) => {
    if (before?.nodeName !== undefined) {
      const keys = byNode.get(before.nodeName);
      keys?.delete(sessionKey(before.namespace, before.name));
      if (keys?.size === 0) byNode.delete(before.nodeName);
    }
    if (now?.nodeName === undefined) return;
    const keys = byNode.get(now.nodeName) ?? new Set<SessionKey>();
    byNode.set(now.nodeName, keys.add(sessionKey(now.namespace, now.name)));
  });
  return (nodeName) => byNode.get(nodeName) ?? [];
}
