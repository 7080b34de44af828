import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { type ClusterWorld, sinkPath } from '../../deployment/cluster-world.ts';
import type { Behaviour } from '../../webhook-receiver/receiver-client.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds, untilEvent, verdict } from '../outcome.ts';

/** What a sink may take of a run's end: its 2 s, and what a machine that is busy with other tests adds. */
const releasedWithinMs = 15_000;

/** Kills a session and gives the milliseconds from the record of its end, by the look at it, until its pod is gone. */
async function released(world: ClusterWorld, name: string, runUid: string): Promise<number> {
  await world.patch(name, { desiredState: 'Killed' });
  await world.untilEnds(name, 1);
  const recordedAtMs = performance.now();
  await world.untilPodGone(name, runUid);
  await world.untilStopped(name);
  return performance.now() - recordedAtMs;
}

async function waiting(world: ClusterWorld, name: string, spec?: Partial<WhatsAppSessionSpec>): Promise<string> {
  await world.start(name, spec);
  return world.untilWaitsForPairing(name);
}

describe.concurrent('a receiver of session_end that fails', () => {
  const world = oneWorld();

  test.each<{ name: string; what: string; behaviour: Behaviour }>([
    { name: 'hanging', what: 'hangs', behaviour: { kind: 'hang' } },
    { name: 'cutting', what: 'cuts the connection', behaviour: { kind: 'close' } },
    { name: 'failing', what: 'answers 500', behaviour: { kind: 'status', status: 500 } },
  ])('one that $what keeps no pod, is warned of, and gets the same event, once it answers', async (given) => {
    const { name, behaviour } = given;
    const path = sinkPath(world().namespace, name);
    const runUid = await waiting(world(), name);
    await world().standIns.receiver.behave(path, behaviour);
    expect(await released(world(), name, runUid)).toBeLessThan(releasedWithinMs);
    const is = 'whose delivery failed';
    await world().until(name, is, (it) => verdict(it, 'WebhooksReady') === 'False DeliveryFailed');
    expect((await untilEvent(world(), name, 'DeliveryFailed')).type).toBe('Warning');
    await world().standIns.receiver.behave(path, { kind: 'status' });
    await world().untilReceivedEnds(name, 1);
    await expectEnds(world(), name, [[runUid, 'force_killed']]);
    const received = await world().standIns.receiver.received(path);
    expect(received.length).toBeGreaterThan(1);
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([runUid]));
    const well = await world().until(name, 'whose webhooks are well', (it) => {
      return verdict(it, 'WebhooksReady') === 'True WebhooksReady';
    });
    const [end] = await world().ends(name);
    const told = { attempts: received.length, deliveredAt: expect.any(String) };
    expect(end?.status?.deliveries?.[0]).toMatchObject(told);
    expect(well.status?.phase).toBe('Stopped');
    expect(verdict(well, 'Stuck')).toBe('False NotStuck');
  });

  test('one that is down keeps no pod and delays no other receiver, and its event is kept for it', async () => {
    const { standIns, namespace } = world();
    const down = standIns.webhookUrl(sinkPath(namespace, 'down')).replace(/:\d+\//, ':7099/');
    const well = standIns.webhookUrl(sinkPath(namespace, 'beside'));
    const webhooks = [down, well].map((url) => ({ url, events: ['session_end' as const] }));
    const runUid = await waiting(world(), 'beside', { webhooks });
    expect(await released(world(), 'beside', runUid)).toBeLessThan(releasedWithinMs);
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
