import { describe, expect, test } from 'vitest';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { sinkPath } from '../../deployment/cluster-world.ts';
import { freeze, wedge } from '../../deployment/wedge.ts';
import { stays } from '../../integration/session-world.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, killed, loginsOf, untilMessages } from '../outcome.ts';

/** Kills a run and waits until it is over: after its death comes its record, and what the receivers are waited for. */
async function killedAndStopped(world: ClusterWorld, name: string, runUid: string): Promise<void> {
  const deadAfterMs = await killed(world, name, runUid, 20_000);
  await world.untilPodGone(name, runUid);
  await world.untilStopped(name);
  console.log(`Session "${name}": dead ${(deadAfterMs / 1_000).toFixed(1)} s after the order (promised: 4 s)`);
}

describe.concurrent('the wedged session', () => {
  const world = oneWorld();

  test('a force-kill needs no answer of the hung process, says truthfully that it is dead, and touches nobody else', async () => {
    const [hung, neighbour] = await Promise.all([world().startPaired('hung'), world().startPaired('neighbour')]);
    const before = await loginsOf(world(), neighbour.phone);
    const device = await deviceOf(world(), hung.phone);
    await wedge(world().namespace, 'hung');
    await killedAndStopped(world(), 'hung', hung.runUid);
    await expectEnds(world(), 'hung', [[hung.runUid, 'force_killed']]);
    expect((await world().ends('hung'))[0]?.spec.terminationConfirmed).toBe(true);

    expect(await loginsOf(world(), neighbour.phone)).toEqual(before);
    expect(before.filter(({ disconnectedAt }) => disconnectedAt === undefined)).toHaveLength(1);
    expect(await world().untilReady('neighbour')).toBe(neighbour.runUid);
    await world().phone.deliver({ from: '15550001000', to: neighbour.phone, text: 'still there?' });
    expect((await untilMessages(world(), 'neighbour', 1)).map(({ text }) => text)).toEqual(['still there?']);

    // Nothing but an explicit start brings it back, and it has kept its login.
    await stays('no pod of a killed session', 2_000, async () => (await world().pod('hung')) === undefined);
    await world().patch('hung', { desiredState: 'Running' });
    await world().untilReady('hung', hung.runUid);
    await expectSameLogin(world(), 'hung', hung.phone, device);
  });

  test('a reconnect in flight does not bring back what was killed; an explicit start does, with its login', async () => {
    const { phone: phones } = world();
    const { phone, runUid } = await world().startPaired('reconnecting');
    const device = await deviceOf(world(), phone);
    await phones.fault('refuse', phone);
    await phones.fault('drop', phone);
    await world().until('reconnecting', 'that dials again', ({ status }) => status?.report?.state === 'reconnecting');
    await world().patch('reconnecting', { desiredState: 'Killed' });
    await phones.fault('accept', phone);
    await world().untilPodGone('reconnecting', runUid);
    await world().untilStopped('reconnecting');
    const logins = await loginsOf(world(), phone);
    await stays('no login and no pod of a killed session', 3_000, async () => {
      const now = await loginsOf(world(), phone);
      return now.length === logins.length && (await world().pod('reconnecting')) === undefined;
    });
    expect(logins.filter(({ disconnectedAt }) => disconnectedAt === undefined)).toEqual([]);
    await expectEnds(world(), 'reconnecting', [[runUid, 'force_killed']]);

    await world().patch('reconnecting', { desiredState: 'Running' });
    await world().untilReady('reconnecting', runUid);
    await expectSameLogin(world(), 'reconnecting', phone, device);
  });

  test('a kill without a process to take hold of still records, tells and stops', async () => {
    await world().start('never-ran', { pod: { nodeSelector: { 'example.com/nowhere': 'yes' } } });
    const pod = await world().untilPod(
      'never-ran',
      'that waits for a node',
      ({ status }) => status?.phase === 'Pending',
    );
    await killedAndStopped(world(), 'never-ran', pod.metadata.uid);
    await expectEnds(world(), 'never-ran', [[pod.metadata.uid, 'force_killed']]);
    expect((await world().ends('never-ran'))[0]?.spec.terminationConfirmed).toBe(true);
  });

  test('a kill of a frozen process whose receiver hangs as well still completes every step', async () => {
    const { receiver } = world().standIns;
    const { runUid } = await world().startPaired('all-hung');
    await receiver.behave(sinkPath(world().namespace, 'all-hung'), { kind: 'hang', times: 1 });
    await freeze(world().namespace, 'all-hung');
    await killedAndStopped(world(), 'all-hung', runUid);
    await expectEnds(world(), 'all-hung', [[runUid, 'force_killed']]); // Told when it was tried again.
    expect((await world().ends('all-hung'))[0]?.spec.terminationConfirmed).toBe(true);
  });
});
