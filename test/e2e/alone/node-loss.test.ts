import { afterAll, expect, test } from 'vitest';
import { freezeKubelet, thawKubelet } from '../../deployment/frozen-kubelet.ts';
import { stays } from '../../integration/session-world.ts';
import { aWorld } from '../a-world.ts';
import { untilEvent } from '../outcome.ts';

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
