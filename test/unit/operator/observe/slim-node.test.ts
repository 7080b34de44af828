import { isSameNode, slimNode } from '@berth/operator/observe/slim-node.ts';
import { expect, test } from 'vitest';

const node = (status: object, spec: object = {}, resourceVersion = '1') =>
  slimNode({ metadata: { name: 'n', uid: 'node-uid', resourceVersion }, spec, status });
const ready = (status: string, at = '2026-01-01T12:00:00Z') => ({
  conditions: [
    { type: 'MemoryPressure', status: 'False' },
    { type: 'Ready', status, lastTransitionTime: at },
  ],
  nodeInfo: { bootID: 'boot-1' },
});

test.each([
  { name: 'True', status: ready('True'), is: true },
  { name: 'False', status: ready('False'), is: false },
  { name: 'Unknown', status: ready('Unknown'), is: false },
  { name: 'not said yet', status: {}, is: false },
])('slimNode() takes a node whose condition Ready is $name for ready: $is', ({ status, is }) => {
  expect(node(status).ready).toBe(is);
});

test('slimNode() knows the out-of-service taint from others, and the start of the machine', () => {
  const unreachable = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };
  expect(node(ready('Unknown'), { taints: [unreachable] })).toMatchObject({ outOfService: false, bootId: 'boot-1' });
  const outOfService = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
  expect(node(ready('Unknown'), { taints: [unreachable, outOfService] }).outOfService).toBe(true);
});

test('isSameNode() takes a heartbeat for no news, and a change of what is read for one', () => {
  const before = node(ready('True'));
  expect(isSameNode(before, node(ready('True'), {}, '2'))).toBe(true);
  expect(isSameNode(before, node(ready('Unknown'), {}, '2'))).toBe(false);
  expect(isSameNode(before, node(ready('True', '2026-01-01T12:00:01Z'), {}, '2'))).toBe(false);
  expect(isSameNode(before, undefined)).toBe(false);
});
