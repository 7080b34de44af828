import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { ApiError } from '@berth/operator/kubernetes/errors.ts';
import { createObserveNode } from '@berth/operator/observe/observe-node.ts';
import { nodeKey, slimNode } from '@berth/operator/observe/slim-node.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { nowMs, planConfig } from '../../../builders/observed.ts';

let version = 1;
const raw = (status: string, changed: string, over: { uid?: string; taints?: { key: string }[] } = {}) => ({
  metadata: { name: 'n', uid: over.uid ?? 'node-uid', resourceVersion: String(++version) },
  spec: { taints: over.taints ?? [] },
  status: {
    conditions: [{ type: 'Ready', status, lastTransitionTime: `2026-01-01T${changed}Z` }],
    nodeInfo: { bootID: 'boot-1' },
  },
});

/** A cache of nodes, and an API server that says something else. */
function aSight(inApi: () => object | undefined = () => undefined) {
  const nodes = createSlimCache({ slim: slimNode });
  const reads: string[] = [];
  const client = {
    nowMs: () => nowMs,
    async request({ method, path }: { method: string; path: string }) {
      reads.push(`${method} ${path}`);
      const found = inApi();
      if (found === undefined) throw new ApiError({ method, path, status: 404, reason: 'NotFound', message: 'gone' });
      return found;
    },
  } as unknown as KubernetesClient;
  const { observeNode, forget } = createObserveNode({ nodes, client, config: planConfig });
  const look = (afterMs: number) => observeNode('n', nowMs + afterMs, AbortSignal.timeout(1_000));
  return { nodes, reads, look, forget };
}

test('observeNode() counts from its own first sight, not from what the node says', async () => {
  const { nodes, look } = aSight();
  nodes.apply('ADDED', raw('Unknown', '08:00:00'));
  expect(await look(0)).toMatchObject({ exists: true, ready: false, lostSeenAtMs: nowMs });
  expect(await look(60_000)).toMatchObject({ lostSeenAtMs: nowMs });
});

test('observeNode() counts anew when the node was back in between, seen or not', async () => {
  const { nodes, look } = aSight();
  nodes.apply('ADDED', raw('Unknown', '11:00:00'));
  await look(0);
  nodes.apply('MODIFIED', raw('False', '12:00:30'));
  expect(await look(40_000)).toMatchObject({ lostSeenAtMs: nowMs + 40_000 });
  nodes.apply('MODIFIED', raw('True', '12:00:50'));
  expect(await look(50_000)).not.toHaveProperty('lostSeenAtMs');
});

test('observeNode() counts anew when another leader begins', async () => {
  const { nodes, look, forget } = aSight();
  nodes.apply('ADDED', raw('Unknown', '11:00:00'));
  await look(0);
  forget();
  expect(await look(100_000)).toMatchObject({ lostSeenAtMs: nowMs + 100_000 });
});

test('observeNode() asks the API server before a death is presumed, and believes it', async () => {
  const back = raw('True', '12:04:00');
  const { nodes, reads, look } = aSight(() => ({
    ...back,
    metadata: { ...back.metadata, resourceVersion: '1000000' },
  }));
  nodes.apply('ADDED', raw('Unknown', '11:00:00'));
  await look(0);
  await look(299_999);
  expect(reads).toEqual([]);
  expect(await look(300_000)).toMatchObject({ ready: true });
  expect(reads).toEqual(['GET /api/v1/nodes/n']);
});

test('observeNode() asks about a node that is out of service at once', async () => {
  const { nodes, reads, look } = aSight(() => raw('Unknown', '11:00:00', { taints: [] }));
  nodes.apply('ADDED', raw('Unknown', '11:00:00', { taints: [{ key: 'node.kubernetes.io/out-of-service' }] }));
  expect(await look(0)).toMatchObject({ outOfService: false });
  expect(reads).toHaveLength(1);
});

test('observeNode() takes a node without object as lost, and begins to count with its first sight', async () => {
  const { nodes, look } = aSight();
  nodes.apply('ADDED', raw('True', '11:00:00'));
  expect(await look(0)).toMatchObject({ exists: true, ready: true, bootId: 'boot-1' });
  nodes.absorbGone(nodeKey('n'), 'node-uid');
  expect(await look(1_000)).toEqual({
    name: 'n',
    exists: false,
    ready: false,
    outOfService: false,
    lostSeenAtMs: nowMs + 1_000,
  });
});
