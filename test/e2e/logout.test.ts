import { expect, test } from 'vitest';
import { kubectl } from '../deployment/kubectl.ts';
import { aWorld } from './a-world.ts';

const deletion = (name: string) => ['delete', 'whatsappsession', name, '--timeout=60s'];

test('`kubectl delete was` takes the device off the phone, and the end is told as deleted', async () => {
  const world = await aWorld();
  const { runUid, phone } = await world.startPaired('leaver');
  await kubectl(['--namespace', world.namespace, ...deletion('leaver')], { timeoutMs: 70_000 });
  await expect(world.standIns.phone.fault('drop', phone)).rejects.toThrow('the phone has no linked device');
  const [end] = await world.untilReceivedEnds('leaver', 1);
  expect([end?.event.id, end?.event.data.reason]).toEqual([runUid, 'deleted']);
});

test('a logout that WhatsApp never answers does not keep a session from its deletion', async () => {
  const world = await aWorld();
  const { runUid, phone } = await world.startPaired('unheard');
  await world.standIns.phone.fault('freeze', phone);
  const startedAtMs = performance.now();
  await kubectl(['--namespace', world.namespace, ...deletion('unheard')], { timeoutMs: 70_000 });
  const tookMs = performance.now() - startedAtMs;
  console.log(`A session whose logout hung was deleted in ${(tookMs / 1000).toFixed(1)} s`);
  expect(tookMs).toBeLessThan(30_000); // The grace period of its stop.
  expect(await world.pod('unheard')).toBeUndefined();
  const [end] = await world.untilReceivedEnds('unheard', 1);
  expect([end?.event.id, end?.event.data.reason]).toEqual([runUid, 'deleted']);
});
