import { expect, test } from 'vitest';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { signal, wedge } from '../deployment/wedge.ts';
import { aWorld } from './a-world.ts';

/** What the receiver and the API have of the ends of a session must be the same, and each once. */
async function expectOneEnd(world: ClusterWorld, name: string, runUid: string, reason: string): Promise<void> {
  const received = await world.untilReceivedEnds(name, 1);
  expect(received.map(({ event, isSigned }) => [event.id, event.data.reason, isSigned])).toEqual([
    [runUid, reason, true],
  ]);
  const ends = await world.ends(name);
  expect(ends.map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([[runUid, reason]]);
}

test('SIGKILL of the process ends the run as crashed, once, and the session comes back without a new QR', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('crash');
  await signal(world.namespace, 'crash', 'SIGKILL');
  await world.untilReady('crash', runUid);
  expect(await world.states('crash')).not.toContain('waiting_for_pairing');
  await expectOneEnd(world, 'crash', runUid, 'crashed');
  const { status } = await world.until(
    'crash',
    'with its last end',
    (session) => session.status?.lastEnd !== undefined,
  );
  expect(status?.recovery?.restarts).toBe(1);
});

test('`kubectl delete pod --force` by somebody else leaves one session_end, and the session runs again', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('taken');
  const force = ['--grace-period=0', '--force', '--wait=false'];
  await kubectl(['--namespace', world.namespace, 'delete', 'pod', 'taken', ...force]);
  await world.untilReady('taken', runUid);
  expect(await world.states('taken')).not.toContain('waiting_for_pairing');
  await expectOneEnd(world, 'taken', runUid, 'pod_deleted');
});

test('`kubectl delete was` while the engine is wedged ends within its bounds, with one session_end', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('stuck');
  await wedge(world.namespace, 'stuck');
  const startedAtMs = performance.now();
  await kubectl(['--namespace', world.namespace, 'delete', 'whatsappsession', 'stuck', '--timeout=60s'], {
    timeoutMs: 70_000,
  });
  console.log(`A wedged session was deleted in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  expect(await world.pod('stuck')).toBeUndefined();
  await expectOneEnd(world, 'stuck', runUid, 'deleted');
});

test('the end of one session leaves the connection of another untouched', async () => {
  const world = await aWorld();
  const [left, right] = [await world.startPaired('left'), await world.startPaired('right')];
  const { phone: phones } = world.standIns;
  const before = await phones.connections(right.phone);
  await wedge(world.namespace, 'left');
  await world.patch('left', { desiredState: 'Killed' });
  await world.untilPodGone('left', left.runUid);
  await expectOneEnd(world, 'left', left.runUid, 'force_killed');
  await phones.deliver({ from: '15550001000', to: right.phone, text: 'still there?' });
  await world.tool('right').send('15550001000', 'yes');
  const after = await phones.connections(right.phone);
  expect(after).toEqual(before);
  expect(after.filter(({ disconnectedAt }) => disconnectedAt === undefined)).toHaveLength(1);
  expect(await world.ends('right')).toEqual([]);
  expect(await world.untilReady('right')).toBe(right.runUid);
});

test('the deletion of a namespace ends its session, which is told once, and is not held up by it', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('tenant');
  const startedAtMs = performance.now();
  await kubectl(['delete', 'namespace', world.namespace, '--timeout=60s'], { timeoutMs: 70_000 });
  console.log(`A namespace with a session was deleted in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  const received = await world.untilReceivedEnds('tenant', 1);
  expect(received.map(({ event }) => event.id)).toEqual([runUid]);
  expect(['deleted', 'pod_deleted']).toContain(received[0]?.event.data.reason);
});
