import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { path } from '@berth/operator/resource/names.ts';
import { afterAll, expect, test } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import { freezeKubelet, thawKubelet } from '../deployment/frozen-kubelet.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { startTwin } from '../deployment/twin-pod.ts';
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

test('two pods with one device: the one whose predecessor nobody saw end is followed by another, and the one that was given up stays away', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('torn');
  const here = ['--namespace', world.namespace];
  await kubectl([...here, 'delete', 'pod', 'torn', '--grace-period=0', '--force', '--wait=false']);
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

  const twin = await startTwin(world.namespace, 'torn');
  const third = await world.untilReady('torn', second, 60_000);
  expect(new Set([runUid, second, third]).size).toBe(3);
  // The twin had the device, and lost it to the third run while that one lives.
  expect(await world.states(twin)).toContain('ready');
  const words = await waitUntil('end of the twin', 30_000, () => lastWordsOf(world.namespace, twin));
  expect(words).toMatchObject({ reason: 'replaced', code: 440 });
  const ends = await world.ends('torn');
  expect(ends.map(({ spec }) => [spec.run.uid, spec.reason, spec.terminationConfirmed]).sort(byRun)).toEqual(
    [
      [runUid, 'unknown', false],
      [second, 'replaced', true],
    ].sort(byRun),
  );
  await stays('the third run', 5_000, async () => {
    const session = await world.session('torn');
    return session?.status?.run?.uid === third && session.status.phase === 'Ready';
  });
  expect(await world.states('torn')).not.toContain('waiting_for_pairing');
});

const byRun = ([a]: readonly unknown[], [b]: readonly unknown[]) => String(a).localeCompare(String(b));

/** What a process left in its termination message. */
async function lastWordsOf(namespace: string, pod: string) {
  const words = ['--namespace', namespace, 'get', 'pod', pod];
  const message = await kubectl([
    ...words,
    '--output=jsonpath={.status.containerStatuses[0].state.terminated.message}',
  ]);
  return message === '' ? { seen: 'it runs' } : { value: JSON.parse(message) as Record<string, unknown> };
}
