import { setTimeout as sleep } from 'node:timers/promises';
import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { isConflict } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { ObjectMeta } from '@berth/operator/resource/object-meta.ts';
import type { WhatsAppSession } from '@berth/operator/resource/whatsapp-session.ts';
import type { RunRecord } from '@berth/session-pod/storage/runs.ts';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { oneWorld } from './a-world.ts';
import { deviceOf, expectSameLogin } from './outcome.ts';

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

const ready = ({ status }: WhatsAppSession) => status?.conditions?.find(({ type }) => type === 'Ready');

describe.concurrent('the volume of a session', () => {
  const world = oneWorld();

  test.each([0, 100, 300, 500, 700, 5_000])(
    'a session killed %i ms after its pod was made, and started again, never has two processes on its volume',
    async (afterMs) => {
      const name = `early-${afterMs}`;
      await world().start(name);
      const firstUid = await podMade(world(), name);
      await sleep(afterMs);
      await world().patch(name, { desiredState: 'Killed' });
      // Not waited for: the order to start comes while the first run is dying.
      await world().until(
        name,
        'whose run ends',
        ({ status }) => status?.run?.ending?.reason === 'force_killed' || status?.lastEnd !== undefined,
      );
      await world().patch(name, { desiredState: 'Running' });
      const nextUid = await world().untilWaitsForPairing(name, firstUid);

      const ends = await world().ends(name);
      // One end, so the next run was not turned away by a lock that the first still held.
      expect(ends.map(({ spec }) => [spec.run.uid, spec.reason, spec.terminationConfirmed])).toEqual([
        [firstUid, 'force_killed', true],
      ]);
      const records = await runsOnVolume(world(), name);
      const started = records.find(({ runUid, startedAtMs }) => runUid === nextUid && startedAtMs !== undefined);
      const ended = records.find(({ runUid, endedAtMs }) => runUid === firstUid && endedAtMs !== undefined);
      const diedAtMs = ended?.endedAtMs ?? Date.parse(ends[0]?.spec.endedAt ?? '');
      expect(started?.startedAtMs).toBeGreaterThan(diedAtMs);
      expect(records.filter(({ runUid }) => runUid !== firstUid && runUid !== nextUid)).toEqual([]);
    },
  );

  test('credentials outlive their session: the next one, with its claim as existingClaim, is ready without a QR code', async () => {
    const { phone } = await world().startPaired('before', { storage: { retention: { whenDeleted: 'Retain' } } });
    const device = await deviceOf(world(), phone);
    // Made before the first one goes: it waits for it, by itself.
    await world().start('after', { storage: { existingClaim: 'before-data' } });
    await world().until('after', 'that waits for the claim', (session) => ready(session)?.reason === 'ClaimInUse');
    await world().remove('before');
    await world().untilReady('after');
    await expectSameLogin(world(), 'after', phone, device);

    const records = await runsOnVolume(world(), 'after');
    const [end] = await world().ends('before');
    const started = records.findLast(({ startedAtMs }) => startedAtMs !== undefined);
    expect(started?.startedAtMs).toBeGreaterThan(Date.parse(end?.spec.endedAt ?? '') - 1_000); // A whole second.
    await world().remove('after');
    await world().untilGone('after');
    const claim = await world().client.request<{ metadata: ObjectMeta }>({
      method: 'GET',
      path: path.claim(world().namespace, 'before-data'),
    });
    expect(claim.metadata.deletionTimestamp).toBeUndefined();
  });

  test('a session whose existing claim is not there says so, and starts when it appears', async () => {
    await world().start('waits', { storage: { existingClaim: 'later' } });
    const blocked = await world().until(
      'waits',
      'that is blocked',
      (session) => ready(session)?.reason === 'StartBlocked',
    );
    expect(ready(blocked)?.message).toContain('persistentvolumeclaim "later" not found');
    await world().client.request({
      method: 'POST',
      path: path.claims(world().namespace),
      body: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'later' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    });
    await world().untilWaitsForPairing('waits');
  });

  test('a claim of ReadWriteOncePod serves the session, and no other pod beside it', async () => {
    await offerVolumeForOnePod(world());
    await world().start('alone', { storage: { accessMode: 'ReadWriteOncePod' } });
    const uid = await world().untilWaitsForPairing('alone');
    const body = intruderOn('alone-data');
    await world().client.request({ method: 'POST', path: path.pods(world().namespace), body });
    const unscheduled = await waitUntil('verdict of the scheduler', 10_000, async () => {
      const { status } = await world().client.request<{
        status: { conditions?: { reason?: string; message?: string }[] };
      }>({
        method: 'GET',
        path: path.pod(world().namespace, 'intruder'),
      });
      const verdict = status.conditions?.find(({ reason }) => reason === 'Unschedulable');
      return verdict === undefined ? { seen: JSON.stringify(status) } : { value: verdict };
    });
    expect(unscheduled.message).toContain('ReadWriteOncePod');

    // The next run of the session itself gets it.
    await world().client.request({ method: 'DELETE', path: path.pod(world().namespace, 'intruder') });
    await world().patch('alone', { restartedAt: new Date().toISOString() });
    await world().untilWaitsForPairing('alone', uid);
  });
});

/** Another pod, of a user, that wants the volume of a session. It is never meant to run. */
const intruderOn = (claimName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'intruder' },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'intruder',
        image: 'berth.dev/none',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  },
});

/** The cluster's own pool has volumes of ReadWriteOnce alone: one of them is made one of ReadWriteOncePod. A provisioner makes its own. */
async function offerVolumeForOnePod({ client }: ClusterWorld): Promise<void> {
  await waitUntil('free volume that can be changed', 10_000, async () => {
    const { items } = await client.request<{ items: { metadata: ObjectMeta; status?: { phase?: string } }[] }>({
      method: 'GET',
      path: '/api/v1/persistentvolumes',
      query: { labelSelector: 'berth.dev/pool=local' },
    });
    const free = items.findLast(({ status }) => status?.phase === 'Available');
    if (free === undefined) return { value: undefined };
    const { name, resourceVersion } = free.metadata;
    try {
      await client.request({
        method: 'PATCH',
        path: `/api/v1/persistentvolumes/${name}`,
        contentType: mergePatch,
        body: { metadata: { resourceVersion }, spec: { accessModes: ['ReadWriteOncePod'] } },
      });
      return { value: undefined };
    } catch (error) {
      if (isConflict(error)) return { seen: `"${name}" went to another claim meanwhile` };
      throw error;
    }
  });
}
