import { podFinalizer } from '@berth/operator/resource/names.ts';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { oneWorld } from './a-world.ts';
import { expectEnds } from './outcome.ts';
import { deleteByForce, setFinalizers } from './session-pods.ts';

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

describe.concurrent('an orphan', () => {
  const world = oneWorld();

  test('the pod of an orphaned session is killed, and its end told once', async () => {
    const { runUid } = await world().startPaired('waif');
    await orphan(world(), 'waif');
    await world().untilPodGone('waif', runUid);
    await expectEnds(world(), 'waif', [[runUid, 'deleted']]);
  });

  test('a session that is made again under the same name gets its pod only after the old one has ended', async () => {
    const { runUid } = await world().startPaired('twin');
    await orphan(world(), 'twin');
    const session = await world().start('twin');
    const next = await world().untilPod('twin', 'of the new session', ({ metadata }) => metadata.uid !== runUid);
    expect(next.metadata.annotations?.['berth.dev/session-uid']).toBe(session.metadata.uid);
    const ends = await world().ends('twin');
    expect(ends.map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([[runUid, 'deleted']]);
  });

  test('a pod whose finalizer somebody took off gets it back, and its end is told once', async () => {
    const { runUid } = await world().startPaired('bare');
    await setFinalizers(world(), 'bare', []);
    await world().untilPod('bare', 'with its finalizer', ({ metadata }) => metadata.finalizers?.[0] === podFinalizer);
    await world().patch('bare', { desiredState: 'Killed' });
    await world().untilPodGone('bare', runUid);
    await expectEnds(world(), 'bare', [[runUid, 'force_killed']]);
  });

  test('a pod whose finalizer was taken off while it was dying is told as ended once, whoever saw it last', async () => {
    const { runUid } = await world().startPaired('torn');
    await deleteByForce(world(), 'torn');
    await setFinalizers(world(), 'torn', []);
    await world().untilReady('torn', runUid);
    const ends = await world().ends('torn');
    expect(ends.map(({ spec }) => spec.run.uid)).toEqual([runUid]);
    expect(['unknown', 'pod_deleted']).toContain(ends[0]?.spec.reason);
  });
});
