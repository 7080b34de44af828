import { indexKeysByNode } from '@berth/operator/observe/keys-on-node.ts';
import type { ObservedPod } from '@berth/operator/plan/observed.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { aPod } from '../../../builders/observed.ts';

test('indexKeysByNode() follows pods that are bound, and forgets those that go', () => {
  const pods = createSlimCache<ObservedPod>({ slim: (raw) => raw as unknown as ObservedPod });
  const keysOn = indexKeysByNode(pods);
  const { nodeName: _, ...unbound } = aPod({ name: 'bob', uid: 'run-2', resourceVersion: '1' });
  pods.absorb(unbound);
  expect([...keysOn('node-1')]).toEqual([]);
  pods.absorb(aPod({ name: 'bob', uid: 'run-2', resourceVersion: '2' }));
  pods.absorb(aPod());
  pods.absorb(aPod({ resourceVersion: '21', ready: false }));
  expect([...keysOn('node-1')]).toEqual(['shop/bob', 'shop/alice']);
  pods.absorbGone('shop/alice', 'run-1');
  expect([...keysOn('node-1')]).toEqual(['shop/bob']);
});
