import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import type { EndReason } from '@berth/protocol';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { type ClusterWorld, sinkPath } from '../../deployment/cluster-world.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { signal } from '../../deployment/wedge.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds, untilEvent } from '../outcome.ts';
import { evict } from '../session-pods.ts';

/** One way of ending, done to a session that waits for pairing: for its end it is of no account that nobody is linked. */
interface Way {
  readonly reason: EndReason;
  readonly spec?: Partial<WhatsAppSessionSpec>;
  /** Absent: it ends by itself, perhaps before anybody has looked. */
  readonly end?: (world: ClusterWorld, name: string) => Promise<unknown>;
}

const ways: readonly Way[] = [
  { reason: 'stopped', end: (world, name) => world.patch(name, { desiredState: 'Stopped' }) },
  { reason: 'force_killed', end: (world, name) => world.patch(name, { desiredState: 'Killed' }) },
  { reason: 'restarted', end: (world, name) => world.patch(name, { restartedAt: new Date().toISOString() }) },
  { reason: 'deleted', end: (world, name) => world.remove(name) },
  { reason: 'crashed', end: ({ namespace }, name) => signal(namespace, name, 'SIGKILL') },
  {
    reason: 'spec_changed', // "Replaced", in the words of the story.
    end: (world, name) => world.patch(name, { pod: { labels: { 'example.com/tier': 'gold' } } }),
  },
  {
    reason: 'pod_deleted',
    end: ({ namespace }, name) => kubectl(['--namespace', namespace, 'delete', 'pod', name, '--wait=false']),
  },
  { reason: 'evicted', end: evict },
  { reason: 'pairing_timeout', spec: { pairing: { timeoutSeconds: 15 } } },
];

describe.concurrent('the end that nobody heard', () => {
  const world = oneWorld();
  const untilEnded = async (name: string) => (await world().untilEnds(name, 1, 120_000))[0]?.spec.run.uid ?? '';

  test('every way of ending sends a typed session_end, and the reasons can be told apart', async () => {
    const reasons = await Promise.all(
      ways.map(async ({ reason, spec, end }) => {
        const name = reason.replaceAll('_', '-');
        await world().start(name, spec);
        const runUid = end === undefined ? await untilEnded(name) : await world().untilWaitsForPairing(name);
        await end?.(world(), name);
        await expectEnds(world(), name, [[runUid, reason]]);
        const [received] = await world().receivedEnds(name);
        expect(received?.event).toMatchObject({ specversion: '1.0', type: 'session_end', id: runUid });
        expect(received?.event.data).toMatchObject({ reason, terminationConfirmed: true });
        await world()
          .patch(name, { desiredState: 'Killed' })
          .catch(() => undefined); // The deleted one is gone.
        return received?.event.data.reason;
      }),
    );
    expect(new Set(reasons).size).toBe(ways.length);
  });

  test('receivers are waited for all at once and for 2 s in all; one that hangs is a warning, and is told later, once', async () => {
    const { standIns } = world();
    const { receiver } = standIns;
    const paths = ['hung-1', 'hung-2', 'well'].map((name) => sinkPath(world().namespace, name));
    const webhooks = paths.map((path) => ({ url: standIns.webhookUrl(path), events: ['session_end' as const] }));
    await world().start('drained', { webhooks });
    const runUid = await world().untilWaitsForPairing('drained');
    for (const path of paths.slice(0, 2)) await receiver.behave(path, { kind: 'hang' });
    await world().patch('drained', { desiredState: 'Killed' });
    const [end] = await world().untilEnds('drained', 1);
    const recordedAtMs = Date.parse(end?.metadata.creationTimestamp ?? '');
    await world().untilPodGone('drained', runUid);
    // Times of the API server are in whole seconds, and this look came some time later: what is promised is 2 s.
    expect(Date.now() - recordedAtMs).toBeLessThan(10_000);
    expect((await untilEvent(world(), 'drained', 'DeliveryFailed')).type).toBe('Warning');
    const first = await Promise.all(paths.map(async (path) => (await receiver.received(path))[0]));
    const arrivals = first.map((each) => Date.parse(each?.receivedAt ?? ''));
    // The next one would be 2 s late if one that hangs were waited for first.
    expect(Math.max(...arrivals) - Math.min(...arrivals)).toBeLessThan(2_000);

    for (const path of paths.slice(0, 2)) await receiver.behave(path, { kind: 'status' });
    for (const path of paths) {
      const taken = await waitUntil(`session_end at "${path}"`, 30_000, async () => {
        const answered = (await receiver.received(path)).filter(({ answer }) => answer === 200);
        return answered.length > 0 ? { value: answered } : { seen: 'none' };
      });
      expect(taken.map(({ headers }) => headers['webhook-id'])).toEqual([runUid]);
    }
  });
});
