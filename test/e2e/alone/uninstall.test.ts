import { afterAll, expect, inject, test } from 'vitest';
import { berthNamespace, installBerth, uninstallBerth } from '../../deployment/install-berth.ts';
import { tryKubectl } from '../../deployment/kubectl.ts';
import { aWorld } from '../a-world.ts';
import { expectEnds } from '../outcome.ts';

// Whatever became of the test, the other files need Berth.
afterAll(() => installBerth(inject('standIns')), 120_000);

test('`helm uninstall` ends every run as shutdown and lets go of everything; installed again, sessions are ready without a QR', async () => {
  const world = await aWorld();
  const runs = new Map<string, string>();
  for (const name of ['one', 'two']) runs.set(name, (await world.startPaired(name)).runUid);
  await world.start('told');
  const told = await world.untilWaitsForPairing('told');
  await world.patch('told', { desiredState: 'Stopped' });
  await expectEnds(world, 'told', [[told, 'stopped']]);

  const startedAtMs = performance.now();
  await uninstallBerth();
  console.log(`helm uninstall with two sessions took ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);

  for (const [name, runUid] of runs) {
    expect(await world.pod(name)).toBeUndefined();
    expect((await world.session(name))?.metadata.finalizers ?? []).toEqual([]);
    const ends = await world.ends(name);
    expect(ends.map(({ spec }) => [spec.run.uid, spec.reason, spec.terminationConfirmed])).toEqual([
      [runUid, 'shutdown', true],
    ]);
    const received = await world.receivedEnds(name);
    expect(received.map(({ event, isSigned }) => [event.id, isSigned])).toEqual([[runUid, true]]);
  }
  await expectEnds(world, 'told', [[told, 'stopped']]); // It was over before, and so there is no more to tell.
  // Nothing of ours keeps a namespace, or a session in it, from being deleted while there is no operator.
  const elsewhere = await aWorld();
  await elsewhere.start('unseen');
  await elsewhere.remove('unseen');
  await elsewhere.untilGone('unseen');
  const { stdout } = await tryKubectl([
    '--namespace',
    berthNamespace,
    'get',
    'deployments,services,jobs',
    '--output=name',
  ]);
  expect(stdout).toBe('');

  await installBerth(world.standIns);
  for (const [name, runUid] of runs) {
    await world.untilReady(name, runUid);
    expect(await world.states(name)).not.toContain('waiting_for_pairing');
  }
}, 240_000);
