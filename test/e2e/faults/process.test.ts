import { describe, expect, test } from 'vitest';
import { freeze } from '../../deployment/wedge.ts';
import { stays } from '../../integration/session-world.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, untilAnswers, untilStuck, verdict } from '../outcome.ts';

/** Less is what a busy node may take to see that a healthy run answers. */
const unresponsive = { unresponsiveSeconds: 15, backoff: { baseSeconds: 1, maxSeconds: 1 } };

describe.concurrent('a process that does not answer', () => {
  const world = oneWorld();

  test('that SIGSTOP has frozen is Unresponsive, ended as stuck, and back without a new QR', async () => {
    const { phone, runUid } = await world().startPaired('frozen', { recovery: unresponsive });
    const device = await deviceOf(world(), phone);
    await untilAnswers(world(), 'frozen');
    await freeze(world().namespace, 'frozen');
    expect(await untilStuck(world(), 'frozen', 'Unresponsive')).toContain('readiness probe');
    await world().untilReady('frozen', runUid);
    await expectSameLogin(world(), 'frozen', phone, device);
    await expectEnds(world(), 'frozen', [[runUid, 'stuck']]);
    const [end] = await world().ends('frozen');
    expect(end?.spec).toMatchObject({ terminationConfirmed: true });
    expect(end?.spec.message).toContain('Unresponsive');
    const well = await world().until('frozen', 'that is well', (it) => verdict(it, 'Stuck') === 'False NotStuck');
    expect(well.status).toMatchObject({ phase: 'Ready', recovery: { restarts: 1 } });
  });

  test('with the policy Stop it is ended, and stays down until somebody starts it', async () => {
    const { phone, runUid } = await world().startPaired('stopped', { recovery: { ...unresponsive, policy: 'Stop' } });
    const device = await deviceOf(world(), phone);
    await untilAnswers(world(), 'stopped');
    await freeze(world().namespace, 'stopped');
    const down = await world().until('stopped', 'that is down', ({ status }) => status?.phase === 'Failed');
    expect(down.status).toMatchObject({ lastEnd: { reason: 'stuck' }, recovery: { held: 'policy' } });
    await stays('no pod of a session that is held', 2_000, async () => (await world().pod('stopped')) === undefined);
    await expectEnds(world(), 'stopped', [[runUid, 'stuck']]);
    await world().patch('stopped', { restartedAt: new Date().toISOString() });
    await world().untilReady('stopped', runUid);
    await expectSameLogin(world(), 'stopped', phone, device);
  });

  test('with the policy None it is only told of, and left to people', async () => {
    const { runUid } = await world().startPaired('left', { recovery: { ...unresponsive, policy: 'None' } });
    await untilAnswers(world(), 'left');
    await freeze(world().namespace, 'left');
    expect(await untilStuck(world(), 'left', 'Unresponsive')).toContain('spec.recovery.policy is None');
    const stuck = await world().until('left', 'that does not respond', (it) => it.status?.phase === 'Reconnecting');
    expect(verdict(stuck, 'Ready')).toBe('False NotResponding');
    await stays('the same run', 3_000, async () => {
      const session = await world().session('left');
      return session?.status?.run?.uid === runUid && session.status.run.ending === undefined;
    });
    expect(await world().ends('left')).toEqual([]);
  });
});
