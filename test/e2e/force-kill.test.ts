import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { operator } from '../deployment/install-berth.ts';
import { applyManifest, kubectl } from '../deployment/kubectl.ts';
import { waitForRollout } from '../deployment/rollout.ts';
import { freeze, wedge, wedgeAtExit } from '../deployment/wedge.ts';
import { stays } from '../integration/session-world.ts';
import { aWorld } from './a-world.ts';

/** Orders the kill, waits until the kubelet reports the process as dead, and gives the seconds between. */
async function killed(world: ClusterWorld, name: string, runUid: string): Promise<number> {
  const orderedAtMs = performance.now();
  await world.patch(name, { desiredState: 'Killed' });
  await waitUntil(`death of pod "${name}"`, 30_000, async () => {
    const pod = await world.pod(name);
    if (pod?.metadata.uid !== runUid) return { value: undefined };
    const [container] = pod.status?.containerStatuses ?? [];
    return container?.state !== undefined && 'terminated' in container.state
      ? { value: undefined }
      : { seen: JSON.stringify(container?.state) };
  });
  return (performance.now() - orderedAtMs) / 1000;
}

interface Given {
  readonly name: string;
  /** What is done to a ready session before it is killed. */
  readonly before: (world: ClusterWorld, session: string) => Promise<unknown>;
  /** What is promised, in seconds; only told. A machine may be slow, so what fails the test is far above it. */
  readonly promisedSeconds: number;
  readonly failsAboveSeconds: number;
}

test.each<Given>([
  {
    name: 'whose event loop is blocked',
    before: (world, session) => wedge(world.namespace, session),
    promisedSeconds: 4,
    failsAboveSeconds: 10,
  },
  {
    name: 'that is frozen by SIGSTOP',
    before: (world, session) => freeze(world.namespace, session),
    promisedSeconds: 4,
    failsAboveSeconds: 10,
  },
  {
    name: 'that is wedged, in the middle of a graceful stop',
    async before(world, session) {
      await wedge(world.namespace, session);
      await world.patch(session, { desiredState: 'Stopped' });
      await sleep(1_000); // By then the operator is asking, and gets no answer.
    },
    promisedSeconds: 4,
    failsAboveSeconds: 10,
  },
  {
    name: 'that took the order to stop, and hangs at its last step',
    async before(world, session) {
      await wedgeAtExit(world.namespace, session);
      await world.patch(session, { desiredState: 'Stopped' });
      await world.until(session, 'that is ending', ({ status }) => status?.run?.ending?.reason === 'stopped');
      await sleep(3_000); // It has done all that it would do by itself.
    },
    promisedSeconds: 4,
    failsAboveSeconds: 10,
  },
  {
    name: 'that is wedged, and somebody else deleted with a grace of 60 s just before',
    async before(world, session) {
      await wedge(world.namespace, session);
      const grace = ['--grace-period=60', '--wait=false'];
      await kubectl(['--namespace', world.namespace, 'delete', 'pod', session, ...grace]);
    },
    promisedSeconds: 10,
    failsAboveSeconds: 20,
  },
])(
  'a kill of a session $name is confirmed within bounds',
  async ({ before, promisedSeconds, failsAboveSeconds, name }) => {
    const world = await aWorld();
    const { runUid } = await world.startPaired('victim');
    await before(world, 'victim');
    const tookSeconds = await killed(world, 'victim', runUid);
    console.log(`A session ${name}: dead ${tookSeconds.toFixed(1)} s after the order (promised: ${promisedSeconds} s)`);
    expect(tookSeconds).toBeLessThan(failsAboveSeconds);
    const [end] = await world.untilReceivedEnds('victim', 1);
    expect(end?.event.id).toBe(runUid);
    expect(end?.event.data).toMatchObject({ reason: 'force_killed', terminationConfirmed: true });
    await world.until('victim', 'that is stopped', ({ status }) => status?.phase === 'Stopped');
    expect(await world.ends('victim')).toHaveLength(1);
  },
);

test('a killed session stays down over an operator restart, and over an apply of its manifest', async () => {
  const world = await aWorld();
  await applyManifest(world.manifest('quiet'));
  await world.pair('quiet');
  const runUid = await world.untilReady('quiet');
  await killed(world, 'quiet', runUid);
  await world.until('quiet', 'that is stopped', ({ status }) => status?.phase === 'Stopped');
  await kubectl(['--namespace', operator.namespace, 'delete', 'pod', '--selector', operator.selector]);
  await waitForRollout(operator);
  await applyManifest(world.manifest('quiet'));
  // Proof that the operator acts again, and so that it had the time to do wrong.
  await world.start('witness');
  await world.untilPod('witness', 'that is made', () => true);
  await stays('no pod of a killed session', 2_000, async () => (await world.pod('quiet')) === undefined);
  expect((await world.session('quiet'))?.spec.desiredState).toBe('Killed');
  expect(await world.ends('quiet')).toHaveLength(1);
});
