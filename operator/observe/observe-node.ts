import type { KubernetesClient } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import { fenceLeftMs } from '../plan/fence.ts';
import type { ObservedNode, PlanConfig } from '../plan/observed.ts';
import { path } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import { nodeKey, type SlimNode } from './slim-node.ts';

/** Lost nodes whose first sight is remembered; beyond, the oldest is forgotten, and counts anew. */
const rememberedAtMost = 10_000;

/**
 * Looks at nodes, and remembers since when each is lost, by this leader's own sight. A new leader counts anew: it cannot
 * know whether a node was back in between, and ends a run too late rather than too early.
 */
export function createObserveNode(dependencies: {
  readonly nodes: SlimCache<SlimNode>;
  readonly client: KubernetesClient;
  readonly config: PlanConfig;
}) {
  const { nodes, client, config } = dependencies;
  const lost = new Map<string, { readonly what: string; readonly sinceMs: number }>();

  function see(name: string, nowMs: number): ObservedNode {
    const node = nodes.get(nodeKey(name));
    const sinceMs = lostSince(name, node, nowMs);
    const lostSeen = sinceMs === undefined ? {} : { lostSeenAtMs: sinceMs };
    if (node === undefined) return { name, exists: false, ready: false, outOfService: false, ...lostSeen };
    const { namespace: _, uid: __, resourceVersion: ___, ...told } = node;
    return { ...told, exists: true, ...lostSeen };
  }

  function lostSince(name: string, node: SlimNode | undefined, nowMs: number): number | undefined {
    if (node?.ready) {
      lost.delete(name);
      return undefined;
    }
    // A condition that has changed again was True in between, whether that was seen or not.
    const what = node === undefined ? 'gone' : `${node.uid} ${node.readyChangedAtMs}`;
    const known = lost.get(name);
    if (known?.what === what) return known.sinceMs;
    lost.delete(name);
    lost.set(name, { what, sinceMs: nowMs });
    if (lost.size > rememberedAtMost) lost.delete(lost.keys().next().value ?? '');
    return nowMs;
  }

  async function refresh(name: string, signal: AbortSignal): Promise<void> {
    try {
      nodes.absorb(await client.request({ method: 'GET', path: path.node(name), signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const held = nodes.get(nodeKey(name));
      if (held !== undefined) nodes.absorbGone(nodeKey(name), held.uid);
    }
  }

  return {
    /** Before a death is presumed, the API server is asked: a watch may be late, and the node back. */
    observeNode: async (name: string, nowMs: number, signal: AbortSignal): Promise<ObservedNode> => {
      const node = see(name, nowMs);
      if ((fenceLeftMs({ node, nowMs, config }) ?? 1) > 0) return node;
      await refresh(name, signal);
      return see(name, nowMs);
    },
    /** Whoever begins to lead has seen nothing yet. */
    forget: () => lost.clear(),
  };
}
