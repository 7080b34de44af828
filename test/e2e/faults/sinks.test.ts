import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { type ClusterWorld, sinkPath } from '../../deployment/cluster-world.ts';
import type { Behaviour } from '../../webhook-receiver/receiver-client.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds, untilEvent, verdict } from '../outcome.ts';

/** What a sink may take of a run's end: its 2 s, and what a busy machine adds. */
const releasedWithinMs = 8_000;

/** Kills a session and gives the milliseconds from the record of its end, by the look at it, until its pod is gone. */
async function killed(world: ClusterWorld, name: string, runUid: string): Promise<number> {
  await world.patch(name, { desiredState: 'Killed' });
  await world.untilEnds(name, 1);
  const recordedAtMs = performance.now();
  await world.untilPodGone(name, runUid);
  await world.until(name, 'that is stopped', ({ status }) => status?.phase === 'Stopped');
  return performance.now() - recordedAtMs;
}

async function waiting(world: ClusterWorld, name: string, spec = {}): Promise<string> {
  await world.start(name, spec);
  const { status } = await world.until(
    name,
    'that waits for pairing',
    (it) => it.status?.report?.state === 'waiting_for_pairing' && it.status.run !== undefined,
    40_000,
  );
  return status?.run?.uid ?? '';
}

describe.concurrent('a receiver of session_end that fails', () => {
  const world = oneWorld();

  test.each<{ name: string; what: string; behaviour: Behaviour; attempts: number }>([
    { name: 'hanging', what: 'hangs', behaviour: { kind: 'hang', times: 1 }, attempts: 2 },
    { name: 'cutting', what: 'cuts the connection', behaviour: { kind: 'close', times: 2 }, attempts: 3 },
    { name: 'failing', what: 'answers 500 twice', behaviour: { kind: 'status', status: 500, times: 2 }, attempts: 3 },
  ])('one that $what keeps no pod, is warned of, and gets the same event, once it answers', async (given) => {
    const { name, behaviour, attempts } = given;
    const path = sinkPath(world().namespace, name);
    const runUid = await waiting(world(), name);
    await world().standIns.receiver.behave(path, behaviour);
    expect(await killed(world(), name, runUid)).toBeLessThan(releasedWithinMs);
    expect((await untilEvent(world(), name, 'DeliveryFailed')).type).toBe('Warning');
    await world().untilReceivedEnds(name, 1, 45_000);
    await expectEnds(world(), name, [[runUid, 'force_killed']]);
    const received = await world().standIns.receiver.received(path);
    expect(received).toHaveLength(attempts);
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([runUid]));
    const [end] = await world().ends(name);
    expect(end?.status?.deliveries?.[0]).toMatchObject({ attempts, deliveredAt: expect.any(String) });
    const well = await world().until(name, 'whose webhooks are well', (it) => {
      return verdict(it, 'WebhooksReady') === 'True WebhooksReady';
    });
    expect(well.status?.phase).toBe('Stopped');
    expect(verdict(well, 'Stuck')).toBe('False NotStuck');
  });

  test('one that is down keeps no pod and delays no other receiver, and its event is kept for it', async () => {
    const { standIns, namespace } = world();
    const down = standIns.webhookUrl(sinkPath(namespace, 'down')).replace(/:\d+\//, ':7099/');
    const well = standIns.webhookUrl(sinkPath(namespace, 'beside'));
    const webhooks = [down, well].map((url) => ({ url, events: ['session_end' as const] }));
    const runUid = await waiting(world(), 'beside', { webhooks });
    expect(await killed(world(), 'beside', runUid)).toBeLessThan(releasedWithinMs);
    expect((await world().receivedEnds('beside')).map(({ event }) => event.id)).toEqual([runUid]);
    const told = await waitUntil('the second attempt at what is down', 20_000, async () => {
      const [end] = await world().ends('beside');
      const delivery = end?.status?.deliveries?.find(({ sink }) => sink === down);
      return (delivery?.attempts ?? 0) >= 2 ? { value: delivery } : { seen: JSON.stringify(end?.status) };
    });
    expect(told?.deliveredAt).toBeUndefined();
    expect(told?.lastError).toMatch(/ECONNREFUSED|refused/);
    expect((await world().receivedEnds('beside')).map(({ event }) => event.id)).toEqual([runUid]);
  });
});
