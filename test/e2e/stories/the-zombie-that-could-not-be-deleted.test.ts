import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { claimName, path } from '@berth/operator/resource/names.ts';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import type { EngineName } from '../../deployment/stand-ins.ts';
import { freeze } from '../../deployment/wedge.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds, loginsOf } from '../outcome.ts';

interface Zombie {
  readonly name: string;
  /** Only of these, where it is not the same for every engine. */
  readonly engine?: EngineName;
  /** Why a logout cannot work. */
  readonly because: string;
  readonly kill: (world: ClusterWorld, name: string, number: string) => Promise<void>;
}

const zombies: readonly Zombie[] = [
  {
    name: 'thrown',
    engine: 'Baileys',
    because: 'a logout throws "Connection Closed"',
    kill: ({ phone }, _, number) => phone.fault('cut-logout', number),
  },
  {
    name: 'cut',
    because: 'there is no connection to log out over',
    async kill(world, name, number) {
      await world.phone.fault('refuse', number);
      await world.phone.fault('drop', number);
      await world.until(name, 'that dials again', ({ status }) => status?.report?.state === 'reconnecting');
    },
  },
  {
    name: 'frozen',
    because: 'a logout hangs: the socket is dead and does not say so',
    kill: ({ phone }, _, number) => phone.fault('freeze', number),
  },
  {
    name: 'mute',
    because: 'a logout is never answered',
    kill: ({ phone }, _, number) => phone.fault('mute', number),
  },
  {
    name: 'nobody',
    engine: 'Baileys',
    because: 'there is nobody to ask for a logout',
    kill: ({ namespace }, name) => freeze(namespace, name),
  },
];

/** How long `kubectl delete` may take: a graceful stop that nobody answers, a kill, and the receivers' 2 s. */
const deletedWithinMs = 45_000;

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

describe.concurrent.each(['Baileys', 'WhatsAppWebJS'] as const)(
  'the zombie that could not be deleted, with %s',
  (engine) => {
    const world = oneWorld(engine);
    const neighbours = ['neighbour', 'other-neighbour'] as const;

    test('deleting removes and tells, whatever logout does, and the neighbours keep their connections', async () => {
      const [left, right] = await Promise.all(neighbours.map((name) => world().startPaired(name)));
      if (left === undefined || right === undefined) throw new Error('Cannot go on: the neighbours were not paired');
      const ofNeighbours = async () => [await loginsOf(world(), left.phone), await loginsOf(world(), right.phone)];
      const before = await ofNeighbours();

      await Promise.all(
        zombies
          .filter((each) => (each.engine ?? engine) === engine)
          .map(async ({ name, because, kill }) => {
            const { phone, runUid } = await world().startPaired(name);
            await kill(world(), name, phone);
            const orderedAtMs = performance.now();
            await world().remove(name);
            await world().untilGone(name, deletedWithinMs);
            console.log(
              `Deleted a session with ${engine} in ${((performance.now() - orderedAtMs) / 1000).toFixed(1)} s, where ${because}`,
            );
            await expectNothingLeft(world(), name, runUid);
          }),
      );

      expect(await ofNeighbours()).toEqual(before);
      expect(before.flat().filter(({ disconnectedAt }) => disconnectedAt === undefined)).toHaveLength(2);
      expect(await world().untilReady('neighbour')).toBe(left.runUid);
      expect(await world().untilReady('other-neighbour')).toBe(right.runUid);
    });
  },
);
