import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { path } from '@berth/operator/resource/names.ts';
import { afterAll, expect, test } from 'vitest';
import { freezeKubelet, thawKubelet } from '../deployment/frozen-kubelet.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { stays } from '../integration/session-world.ts';
import { aWorld } from './a-world.ts';
import { untilEvent } from './outcome.ts';

// Whatever became of the tests, all that come after need the node.
afterAll(thawKubelet, 30_000);

test('a kill whose kubelet is silent is told as unconfirmed and starts nothing; once the kubelet is back it is confirmed, and told once', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('mute');
  const isUntouched = async () =>
    (await world.ends('mute')).length === 0 && (await world.pod('mute'))?.metadata.uid === runUid;
  try {
    await freezeKubelet();
    await world.patch('mute', { desiredState: 'Killed' });
    await untilEvent(world, 'mute', 'ForceKillUnconfirmed', 30_000);
    await world.patch('mute', { desiredState: 'Running' }); // A wish for the next run confirms nothing.
    await stays('the pod of a kill that nobody confirms', 3_000, isUntouched);
  } finally {
    await thawKubelet();
  }
  await world.untilReady('mute', runUid);
  const ends = await world.ends('mute');
  expect(ends.map(({ spec }) => [spec.run.uid, spec.reason, spec.terminationConfirmed])).toEqual([
    [runUid, 'force_killed', true],
  ]);
  const received = await world.untilReceivedEnds('mute', 1);
  expect(received.map(({ event }) => [event.id, event.data.reason])).toEqual([[runUid, 'force_killed']]);
  expect(await world.states('mute')).not.toContain('waiting_for_pairing');
});

test('a 440 after a run whose death nobody confirmed is tried again by another pod, and holds nothing', async () => {
  const world = await aWorld();
  const { phone, runUid } = await world.startPaired('torn');
  await kubectl([
    '--namespace',
    world.namespace,
    'delete',
    'pod',
    'torn',
    '--grace-period=0',
    '--force',
    '--wait=false',
  ]);
  const finalizers = { metadata: { finalizers: null } };
  const request = { method: 'PATCH', path: path.pod(world.namespace, 'torn'), contentType: mergePatch } as const;
  await world.client.request({ ...request, body: finalizers });
  const second = await world.untilReady('torn', runUid, 60_000);
  const { status } = await world.until(
    'torn',
    'with an unconfirmed end',
    (session) => session.status?.lastEnd !== undefined,
  );
  expect(status?.lastEnd).toMatchObject({ runUid, terminationConfirmed: false });
  await world.standIns.phone.fault('conflict', phone); // The process that nobody saw end takes the connection.
  const third = await world.untilReady('torn', second, 60_000);
  expect(new Set([runUid, second, third]).size).toBe(3);
  const ends = await world.ends('torn');
  expect(ends.find(({ spec }) => spec.run.uid === second)?.spec.reason).toBe('replaced');
});
