import { setTimeout as sleep } from 'node:timers/promises';
import type { EndReason } from '@berth/protocol';
import { describe, expect, test } from 'vitest';
import { hasKind } from '../../cluster/kind.ts';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { oneWorld } from '../a-world.ts';
import { containerOf, processesOf } from '../node-processes.ts';
import { deviceOf, expectEnds, expectSameLogin, killedAndStarted, loginsOf } from '../outcome.ts';
import { killAllProcesses } from './browser-processes.ts';

const isKind = await hasKind();

/** Chromium writes what a page stores seconds later: within them a kill found nothing on the disk. */
const secondsAfterReady = [0, 1, 2, 4] as const;

interface Kill {
  readonly way: string;
  readonly kill: (world: ClusterWorld, session: string) => Promise<unknown>;
  readonly reason: EndReason;
}

const kills: readonly Kill[] = [
  { way: 'an order', kill: (world, session) => forceKill(world, session), reason: 'force_killed' },
  {
    way: 'SIGKILL of all its processes',
    kill: ({ namespace }, session) => killAllProcesses(namespace, session),
    reason: 'crashed',
  },
];
const cases = secondsAfterReady.flatMap((seconds) =>
  kills.map((each, index) => ({ ...each, seconds, name: `young-${seconds}-${index}` })),
);

/** Kills a session, waits until its death is confirmed and recorded, and lets it run again. */
async function forceKill(world: ClusterWorld, name: string): Promise<void> {
  const { uid = '' } = (await world.pod(name))?.metadata ?? {};
  await killedAndStarted(world, name, uid);
}

// As many at the same time as vitest allows: five.
describe.concurrent('a session with a browser that is killed', () => {
  const world = oneWorld('WhatsAppWebJS');

  // A node of kind may be on another machine, and its processes with it.
  test.skipIf(isKind)('leaves not one process of it alive, and its neighbour as it was', async () => {
    const [, neighbour] = await Promise.all([world().startPaired('killed'), world().startPaired('neighbour')]);
    const [container, beside] = await Promise.all(['killed', 'neighbour'].map((each) => containerOf(world(), each)));
    const [processes, others] = await Promise.all([settled(container ?? ''), settled(beside ?? '')]);
    // PID 1, the watch over it, the driver, and a browser of several processes.
    expect(processes.length).toBeGreaterThan(5);
    const logins = await loginsOf(world(), neighbour.phone);
    await world().patch('killed', { desiredState: 'Killed' });
    await world().untilEnds('killed', 1);
    expect(await processesOf(container ?? '')).toEqual([]);
    expect(await processesOf(beside ?? '')).toEqual(others);
    expect(await loginsOf(world(), neighbour.phone)).toEqual(logins);
    expect(logins.filter(({ disconnectedAt }) => disconnectedAt === undefined)).toHaveLength(1);
    expect(await world().untilReady('neighbour')).toBe(neighbour.runUid);
    console.log(`A force-kill took ${processes.length} processes and left the ${others.length} of its neighbour`);
  });

  test('ten times in a row loses no login', async () => {
    const paired = await world().startPaired('often');
    const device = await deviceOf(world(), paired.phone);
    let { runUid } = paired;
    for (let kill = 1; kill <= 10; kill++) {
      await killedAndStarted(world(), 'often', runUid);
      runUid = await world().untilReady('often', runUid);
      await expectSameLogin(world(), 'often', paired.phone, device);
    }
    expect(await world().ends('often')).toHaveLength(10);
  });

  test.each(cases)(
    'by $way $seconds s after it was ready for the first time comes back without a QR code',
    async ({ name, seconds, kill, reason }) => {
      const { phone, runUid } = await world().startPaired(name);
      const device = await deviceOf(world(), phone);
      await sleep(seconds * 1_000); // What is tested is how long it has been ready.
      await kill(world(), name);
      await world().untilReady(name, runUid);
      await expectSameLogin(world(), name, phone, device);
      await expectEnds(world(), name, [[runUid, reason]]);
      await world().remove(name);
    },
  );
});

/** A browser starts and ends a process now and then in its first seconds. */
async function settled(container: string): Promise<number[]> {
  let before: readonly number[] = [];
  let sinceMs = Date.now();
  return waitUntil(`processes that stay the same in container ${container}`, 30_000, async () => {
    const now = await processesOf(container);
    if (now.join() !== before.join()) sinceMs = Date.now();
    before = now;
    return Date.now() - sinceMs > 3_000 ? { value: now } : { seen: now.join(' ') };
  });
}
