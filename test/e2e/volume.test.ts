import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '@berth/session-pod/storage/runs.ts';
import { expect, test } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { aWorld } from './a-world.ts';

/** The runs that have held the volume of a session, by the clocks of their own processes. */
async function runsOnVolume(world: ClusterWorld, name: string): Promise<RunRecord[]> {
  const text = await kubectl(['--namespace', world.namespace, 'exec', name, '--', 'cat', '/data/runs.jsonl']);
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as RunRecord);
}

/** Waits for the pod of a session that was just made, with as little delay as a look takes. */
async function podMade(world: ClusterWorld, name: string): Promise<string> {
  const look = async () => {
    const pod = await world.pod(name);
    return pod === undefined ? { seen: 'no pod' } : { value: pod.metadata.uid };
  };
  return waitUntil(`pod "${name}"`, 10_000, look, 5);
}

test.each([0, 100, 300, 500, 700, 5_000])(
  'a session killed %i ms after its pod was made, and started again, never has two processes on its volume',
  async (afterMs) => {
    const world = await aWorld();
    await world.start('early');
    const firstUid = await podMade(world, 'early');
    await sleep(afterMs);
    await world.patch('early', { desiredState: 'Killed' });
    // Not waited for: the order to start comes while the first run is dying.
    await world.until(
      'early',
      'whose run ends',
      ({ status }) => status?.run?.ending?.reason === 'force_killed' || status?.lastEnd !== undefined,
    );
    await world.patch('early', { desiredState: 'Running' });
    const session = await world.until(
      'early',
      'of the next run, that waits for pairing',
      ({ status }) => status?.report?.runUid !== firstUid && status?.report?.state === 'waiting_for_pairing',
      30_000,
    );
    const nextUid = session.status?.report?.runUid;

    const ends = await world.ends('early');
    // One end, so the next run was not turned away by a lock that the first still held.
    expect(ends.map(({ spec }) => [spec.run.uid, spec.reason, spec.terminationConfirmed])).toEqual([
      [firstUid, 'force_killed', true],
    ]);
    const records = await runsOnVolume(world, 'early');
    const started = records.find(({ runUid, startedAtMs }) => runUid === nextUid && startedAtMs !== undefined);
    const ended = records.find(({ runUid, endedAtMs }) => runUid === firstUid && endedAtMs !== undefined);
    const diedAtMs = ended?.endedAtMs ?? Date.parse(ends[0]?.spec.endedAt ?? '');
    expect(started?.startedAtMs).toBeGreaterThan(diedAtMs);
    expect(records.filter(({ runUid }) => runUid !== firstUid && runUid !== nextUid)).toEqual([]);
  },
);
