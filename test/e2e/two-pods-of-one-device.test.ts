import { expect, test } from 'vitest';
import { startTwin } from '../deployment/twin-pod.ts';
import { stays } from '../integration/session-world.ts';
import { aWorld } from './a-world.ts';
import { deleteByForce, lastWords, setFinalizers } from './session-pods.ts';

test('two pods with one device: the one whose predecessor nobody saw end is followed by another, and the one that was given up stays away', async () => {
  const world = await aWorld();
  const { runUid } = await world.startPaired('torn');
  await deleteByForce(world, 'torn');
  await setFinalizers(world, 'torn', []);
  const second = await world.untilReady('torn', runUid);
  const { status } = await world.until(
    'torn',
    'with an unconfirmed end',
    (session) => session.status?.lastEnd !== undefined,
  );
  expect(status?.lastEnd).toMatchObject({ runUid, terminationConfirmed: false });

  const twin = await startTwin(world.namespace, 'torn');
  const third = await world.untilReady('torn', second);
  expect(new Set([runUid, second, third]).size).toBe(3);
  // The twin had the device, and lost it to the third run while that one lives.
  expect(await world.states(twin)).toContain('ready');
  const ended = await world.untilPod(twin, 'that has ended', (pod) => lastWords(pod) !== undefined, 30_000);
  expect(lastWords(ended)).toMatchObject({ reason: 'replaced', code: 440 });
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
