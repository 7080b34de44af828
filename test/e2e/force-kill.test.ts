import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { wedge, wedgeAtExit } from '../deployment/wedge.ts';
import { oneWorld } from './a-world.ts';
import { expectEnds, killed } from './outcome.ts';

interface Given {
  readonly name: string;
  readonly what: string;
  /** What is done to a ready session before it is killed. */
  readonly before: (world: ClusterWorld, session: string) => Promise<unknown>;
  /** What is promised, in seconds; only told. A machine may be slow, so what fails the test is far above it. */
  readonly promisedSeconds: number;
}

const kills: readonly Given[] = [
  {
    name: 'asked',
    what: 'that is wedged, in the middle of a graceful stop',
    async before(world, session) {
      await wedge(world.namespace, session);
      await world.patch(session, { desiredState: 'Stopped' });
      await world.until(session, 'that is ending', ({ status }) => status?.run?.ending?.reason === 'stopped');
    },
    promisedSeconds: 4,
  },
  {
    name: 'obedient',
    what: 'that took the order to stop, and hangs at its last step',
    async before(world, session) {
      await wedgeAtExit(world.namespace, session);
      await world.patch(session, { desiredState: 'Stopped' });
      await world.until(session, 'that is ending', ({ status }) => status?.run?.ending?.reason === 'stopped');
      await sleep(3_000); // It has done all that it would do by itself.
    },
    promisedSeconds: 4,
  },
  {
    name: 'deleted',
    what: 'that is wedged, and somebody else deleted with a grace of 60 s just before',
    async before(world, session) {
      await wedge(world.namespace, session);
      const grace = ['--grace-period=60', '--wait=false'];
      await kubectl(['--namespace', world.namespace, 'delete', 'pod', session, ...grace]);
    },
    promisedSeconds: 10,
  },
];

describe.concurrent('a kill', () => {
  const world = oneWorld();

  test.each(kills)('of a session $what is confirmed within bounds', async (given) => {
    const { name, what, before, promisedSeconds } = given;
    const { runUid } = await world().startPaired(name);
    await before(world(), name);
    const tookMs = await killed(world(), name, runUid, 5_000 * promisedSeconds);
    console.log(
      `A session ${what}: dead ${(tookMs / 1_000).toFixed(1)} s after the order (promised: ${promisedSeconds} s)`,
    );
    await expectEnds(world(), name, [[runUid, 'force_killed']]);
    await world().untilStopped(name);
    const ends = await world().ends(name);
    expect(ends.map(({ spec }) => spec.terminationConfirmed)).toEqual([true]);
  });
});
