import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { sinkPath } from '../../deployment/cluster-world.ts';
import { operator } from '../../deployment/install-berth.ts';
import { applyManifest, kubectl } from '../../deployment/kubectl.ts';
import { waitForRollout } from '../../deployment/rollout.ts';
import { wedge } from '../../deployment/wedge.ts';
import { stays } from '../../integration/session-world.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds, killed } from '../outcome.ts';

const podOfOperator = ['--namespace', operator.namespace, 'get', 'pods', '--selector', operator.selector];
const deleteOperator = ['--namespace', operator.namespace, 'delete', 'pod', '--selector', operator.selector];

describe('a restart of Berth', () => {
  const world = oneWorld();

  test('ends no session, loses no event, ends nothing twice, and brings back nothing that was killed', async () => {
    const { receiver } = world().standIns;
    const names = ['living', 'untold', 'told', 'quiet'] as const;
    for (const name of names) await applyManifest(world().manifest(name));
    const [living, untold, told, quiet] = await Promise.all(names.map((name) => world().untilWaitsForPairing(name)));
    await world().patch('told', { desiredState: 'Stopped' });
    await expectEnds(world(), 'told', [[told ?? '', 'stopped']]);
    await killed(world(), 'quiet', quiet ?? '');
    await world().untilStopped('quiet');
    await receiver.behave(sinkPath(world().namespace, 'untold'), { kind: 'hang' });
    await world().patch('untold', { desiredState: 'Killed' });
    await waitUntil('first attempt at the receiver that hangs', 15_000, async () => {
      const { length } = await receiver.received(sinkPath(world().namespace, 'untold'));
      return length > 0 ? { value: undefined } : { seen: 'none' };
    });

    const before = await kubectl([...podOfOperator, '--output=name']);
    const orderedAtMs = performance.now();
    // Waits until it has left by itself: the SIGTERM is answered within the 2 s of what is in flight.
    await kubectl(['--namespace', operator.namespace, 'delete', before.trim().split('\n')[0] ?? '', '--timeout=40s']);
    console.log(`The operator left in ${((performance.now() - orderedAtMs) / 1000).toFixed(1)} s, a receiver hanging`);
    expect(performance.now() - orderedAtMs).toBeLessThan(10_000);
    await receiver.behave(sinkPath(world().namespace, 'untold'), { kind: 'status' });
    await waitForRollout(operator);
    await applyManifest(world().manifest('quiet'));

    await world().untilReceivedEnds('untold', 1);
    await expectEnds(world(), 'untold', [[untold ?? '', 'force_killed']]);
    await expectEnds(world(), 'told', [[told ?? '', 'stopped']]);
    expect((await world().session('living'))?.status?.run?.uid).toBe(living);
    expect(await world().ends('living')).toEqual([]);
    // Proof that the operator acts again, and so that it had the time to do wrong.
    await world().start('witness');
    await world().untilPod('witness', 'that is made', () => true);
    await stays('no pod of a killed session', 2_000, async () => (await world().pod('quiet')) === undefined);
    expect((await world().session('quiet'))?.spec.desiredState).toBe('Killed');
    await expectEnds(world(), 'quiet', [[quiet ?? '', 'force_killed']]);
  });

  test('in the middle of a deletion leaves it to be finished, and deleting again is fine', async () => {
    const { runUid } = await world().startPaired('twice');
    await wedge(world().namespace, 'twice');
    await world().remove('twice');
    await world().until('twice', 'whose end began', ({ status }) => status?.run?.ending?.reason === 'deleted');
    await kubectl([...deleteOperator, '--grace-period=0', '--force']);
    await world()
      .remove('twice')
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error; // The first attempt was through already.
      });
    await world().untilGone('twice');
    expect(await world().pod('twice')).toBeUndefined();
    await expectEnds(world(), 'twice', [[runUid, 'deleted']]);
    await waitForRollout(operator);
    // A third time there is nothing to delete, and nothing is told again.
    await expect(world().remove('twice')).rejects.toThrow(/404|not found/i);
    await expectEnds(world(), 'twice', [[runUid, 'deleted']]);
  });
});
