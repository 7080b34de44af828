import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { path, podFinalizer } from '@berth/operator/resource/names.ts';
import { expect, test } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { aWorld } from './a-world.ts';

const withoutFinalizers = { metadata: { finalizers: null } };

/** Deletes a session so that its pod is orphaned, and takes its finalizer off, so that it is gone before its pod is. */
async function orphan(world: ClusterWorld, name: string): Promise<void> {
  const here = ['--namespace', world.namespace];
  await kubectl([...here, 'delete', 'whatsappsession', name, '--cascade=orphan', '--wait=false']);
  await waitUntil(`removal of session "${name}" without its finalizers`, 15_000, async () => {
    if ((await world.session(name)) === undefined) return { value: undefined };
    await kubectl([
      ...here,
      'patch',
      'whatsappsession',
      name,
      '--type=merge',
      '--patch',
      JSON.stringify(withoutFinalizers),
    ]).catch(
      () => undefined, // It went in between: the next look sees it.
    );
    return { seen: 'still there' };
  });
}

test('the pod of an orphaned session is killed, and its end told once', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('waif');
  await orphan(world, 'waif');
  await world.untilPodGone('waif', runUid);
  const ends = await world.untilReceivedEnds('waif', 1);
  expect(ends.map(({ event, isSigned }) => [event.id, event.data.reason, isSigned])).toEqual([
    [runUid, 'deleted', true],
  ]);
  expect(await world.ends('waif')).toHaveLength(1);
});

test('a session that is made again under the same name gets its pod only after the old one has ended', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('twin');
  await orphan(world, 'twin');
  const session = await world.start('twin');
  const next = await world.untilPod('twin', 'of the new session', ({ metadata }) => metadata.uid !== runUid);
  expect(next.metadata.annotations?.['berth.dev/session-uid']).toBe(session.metadata.uid);
  const ends = await world.ends('twin');
  expect(ends.map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([[runUid, 'deleted']]);
});

test('a pod whose finalizer somebody took off gets it back, and its end is told once', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('bare');
  await world.client.request({
    method: 'PATCH',
    path: path.pod(world.namespace, 'bare'),
    contentType: mergePatch,
    body: withoutFinalizers,
  });
  await world.untilPod('bare', 'with its finalizer', ({ metadata }) => metadata.finalizers?.[0] === podFinalizer);
  await world.patch('bare', { desiredState: 'Killed' });
  await world.untilPodGone('bare', runUid);
  const ends = await world.untilReceivedEnds('bare', 1);
  expect(ends.map(({ event }) => [event.id, event.data.reason])).toEqual([[runUid, 'force_killed']]);
});

test('a pod whose finalizer was taken off while it was dying is told as ended once, whoever saw it last', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('torn');
  const force = ['--grace-period=0', '--force', '--wait=false'];
  await kubectl(['--namespace', world.namespace, 'delete', 'pod', 'torn', ...force]);
  const request = { method: 'PATCH', path: path.pod(world.namespace, 'torn'), contentType: mergePatch } as const;
  await world.client.request({ ...request, body: withoutFinalizers }).catch(() => undefined); // It may be gone already.
  await world.untilReady('torn', runUid, 45_000);
  const ends = await world.ends('torn');
  expect(ends.map(({ spec }) => spec.run.uid)).toEqual([runUid]);
  expect(['unknown', 'pod_deleted']).toContain(ends[0]?.spec.reason);
});
