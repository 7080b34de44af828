import { describe, expect, test } from 'vitest';
import { kubectl } from '../deployment/kubectl.ts';
import { wedge } from '../deployment/wedge.ts';
import { aWorld, oneWorld } from './a-world.ts';
import { deviceOf, expectEnds, expectSameLogin } from './outcome.ts';
import { deleteByForce, evict } from './session-pods.ts';

describe.concurrent('an end by others', () => {
  const world = oneWorld();

  test('`kubectl delete pod --force` by somebody else leaves one session_end, and the session runs again', async () => {
    const { phone, runUid } = await world().startPaired('taken');
    const device = await deviceOf(world(), phone);
    await deleteByForce(world(), 'taken');
    await world().untilReady('taken', runUid);
    await expectSameLogin(world(), 'taken', phone, device);
    await expectEnds(world(), 'taken', [[runUid, 'pod_deleted']]);
  });

  test('an eviction while the engine is wedged ends the run as evicted, once, and the session comes back without a new QR', async () => {
    const { phone, runUid } = await world().startPaired('wedged');
    const device = await deviceOf(world(), phone);
    await wedge(world().namespace, 'wedged');
    const startedAtMs = performance.now();
    await evict(world(), 'wedged');
    await world().untilPodGone('wedged', runUid);
    console.log(`An evicted pod (wedged) was gone in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
    await world().untilReady('wedged', runUid);
    await expectSameLogin(world(), 'wedged', phone, device);
    await expectEnds(world(), 'wedged', [[runUid, 'evicted']]);
    expect((await world().ends('wedged'))[0]?.spec.terminationConfirmed).toBe(true);
  });
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
