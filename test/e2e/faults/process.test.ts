import { describe, expect, test } from 'vitest';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { freeze, wedge } from '../../deployment/wedge.ts';
import { stays } from '../../integration/session-world.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, untilStuck, verdict } from '../outcome.ts';

interface Fault {
  readonly name: string;
  readonly what: string;
  readonly strike: (world: ClusterWorld, name: string) => Promise<void>;
}

const faults: readonly Fault[] = [
  { name: 'wedged', what: 'whose event loop is wedged', strike: ({ namespace }, name) => wedge(namespace, name) },
  { name: 'frozen', what: 'that SIGSTOP has frozen', strike: ({ namespace }, name) => freeze(namespace, name) },
];

const unresponsive = { unresponsiveSeconds: 3, backoff: { baseSeconds: 1, maxSeconds: 1 } };

describe.concurrent('a process that does not answer', () => {
  const world = oneWorld();

  test.each(faults)('$what is Unresponsive, ended as stuck, and back without a new QR', async ({ name, strike }) => {
    const { phone, runUid } = await world().startPaired(name, { recovery: unresponsive });
    const device = await deviceOf(world(), phone);
    await strike(world(), name);
    expect(await untilStuck(world(), name, 'Unresponsive')).toContain('readiness probe');
    await world().untilReady(name, runUid);
    await expectSameLogin(world(), name, phone, device);
    await expectEnds(world(), name, [[runUid, 'stuck']]);
    const [end] = await world().ends(name);
    expect(end?.spec).toMatchObject({ terminationConfirmed: true });
    expect(end?.spec.message).toContain('Unresponsive');
    const well = await world().until(name, 'that is well', (it) => verdict(it, 'Stuck') === 'False NotStuck');
    expect(well.status).toMatchObject({ phase: 'Ready', recovery: { restarts: 1 } });
  });

  test('with the policy Stop it is ended, and stays down until somebody starts it', async () => {
    const { phone, runUid } = await world().startPaired('stopped', { recovery: { ...unresponsive, policy: 'Stop' } });
    const device = await deviceOf(world(), phone);
    await freeze(world().namespace, 'stopped');
    const down = await world().until('stopped', 'that is down', ({ status }) => status?.phase === 'Failed', 30_000);
    expect(down.status).toMatchObject({ lastEnd: { reason: 'stuck' }, recovery: { held: 'policy' } });
    await stays('no pod of a session that is held', 2_000, async () => (await world().pod('stopped')) === undefined);
    await expectEnds(world(), 'stopped', [[runUid, 'stuck']]);
    await world().patch('stopped', { restartedAt: new Date().toISOString() });
    await world().untilReady('stopped', runUid);
    await expectSameLogin(world(), 'stopped', phone, device);
  });

  test('with the policy None it is only told of, and left to people', async () => {
    const { runUid } = await world().startPaired('left', { recovery: { ...unresponsive, policy: 'None' } });
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
