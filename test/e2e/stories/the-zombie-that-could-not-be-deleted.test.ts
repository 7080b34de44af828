import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { claimName, path } from '@berth/operator/resource/names.ts';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { operator } from '../../deployment/install-berth.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { waitForRollout } from '../../deployment/rollout.ts';
import { freeze, wedge } from '../../deployment/wedge.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds, loginsOf } from '../outcome.ts';

interface Zombie {
  readonly name: string;
  /** Why a logout cannot work. */
  readonly because: string;
  readonly kill: (world: ClusterWorld, name: string, phone: string) => Promise<void>;
}

const zombies: readonly Zombie[] = [
  {
    name: 'thrown',
    because: 'a logout throws "Connection Closed"',
    kill: ({ standIns }, _, phone) => standIns.phone.fault('cut-logout', phone),
  },
  {
    name: 'cut',
    because: 'there is no connection to log out over',
    async kill(world, name, phone) {
      await world.standIns.phone.fault('refuse', phone);
      await world.standIns.phone.fault('drop', phone);
      await world.until(name, 'that dials again', ({ status }) => status?.report?.state === 'reconnecting');
    },
  },
  {
    name: 'frozen',
    because: 'a logout hangs: the socket is dead and does not say so',
    kill: ({ standIns }, _, phone) => standIns.phone.fault('freeze', phone),
  },
  {
    name: 'mute',
    because: 'a logout is never answered',
    kill: ({ standIns }, _, phone) => standIns.phone.fault('mute', phone),
  },
  {
    name: 'nobody',
    because: 'there is nobody to ask for a logout',
    kill: ({ namespace }, name) => freeze(namespace, name),
  },
];

/** How long `kubectl delete` may take: a graceful stop that nobody answers, a kill, and the receivers' 2 s. */
const deletedWithinMs = 30_000;

async function claimOf({ client, namespace }: ClusterWorld, name: string): Promise<object | undefined> {
  try {
    return await client.request<object>({ method: 'GET', path: path.claim(namespace, claimName(name)) });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function expectNothingLeft(world: ClusterWorld, name: string, runUid: string): Promise<void> {
  expect(await world.pod(name)).toBeUndefined();
  await waitUntil(`removal of the claim of "${name}"`, 10_000, async () => {
    const claim = await claimOf(world, name);
    return claim === undefined ? { value: undefined } : { seen: JSON.stringify(claim) };
  });
  await expectEnds(world, name, [[runUid, 'deleted']]);
}

describe('the zombie that could not be deleted', () => {
  const world = oneWorld();
  const neighbours = ['neighbour', 'other-neighbour'] as const;

  test('deleting removes and tells, whatever logout does, and the neighbours keep their connections', async () => {
    const [left, right] = await Promise.all(neighbours.map((name) => world().startPaired(name)));
    if (left === undefined || right === undefined) throw new Error('Cannot go on: the neighbours were not paired');
    const ofNeighbours = async () => [await loginsOf(world(), left.phone), await loginsOf(world(), right.phone)];
    const before = await ofNeighbours();

    await Promise.all(
      zombies.map(async ({ name, because, kill }) => {
        const { phone, runUid } = await world().startPaired(name);
        await kill(world(), name, phone);
        const orderedAtMs = performance.now();
        await world().remove(name);
        await world().untilGone(name, deletedWithinMs);
        console.log(`Deleted in ${((performance.now() - orderedAtMs) / 1000).toFixed(1)} s, where ${because}`);
        await expectNothingLeft(world(), name, runUid);
      }),
    );

    expect(await ofNeighbours()).toEqual(before);
    expect(before.flat().filter(({ disconnectedAt }) => disconnectedAt === undefined)).toHaveLength(2);
    expect(await world().untilReady('neighbour')).toBe(left.runUid);
    expect(await world().untilReady('other-neighbour')).toBe(right.runUid);
  });

  test('deleting again is fine, also when the first attempt died half-way with the operator', async () => {
    const { runUid } = await world().startPaired('twice');
    await wedge(world().namespace, 'twice');
    await world().remove('twice');
    await world().until('twice', 'whose end began', ({ status }) => status?.run?.ending?.reason === 'deleted');
    const force = ['--grace-period=0', '--force'];
    await kubectl(['--namespace', operator.namespace, 'delete', 'pod', '--selector', operator.selector, ...force]);
    await world()
      .remove('twice')
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error; // The first attempt was through already.
      });
    await world().untilGone('twice', deletedWithinMs);
    await expectNothingLeft(world(), 'twice', runUid);
    await waitForRollout(operator);
    // A third time there is nothing to delete, and nothing is told again.
    await expect(world().remove('twice')).rejects.toThrow(/404|not found/i);
    await expectEnds(world(), 'twice', [[runUid, 'deleted']]);
  });
});
