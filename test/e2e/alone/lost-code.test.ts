import { randomInt } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { oneWorld } from '../a-world.ts';

const world = oneWorld('WhatsAppWebJS');
// It is of the site, so nothing else may run meanwhile.
afterAll(() => world().phone.fault('accept'));

test('a session by code that is cut off while it waits takes its code back, and the code that it shows next pairs it', async () => {
  const { phone: phones } = world();
  const number = `1555${randomInt(1_000_000, 10_000_000)}`;
  const name = 'cut';
  const shown = () => world().tool(name).pairingCode();
  const untilPhase = (phase: string, told: string) =>
    world().until(name, told, ({ status }) => status?.phase === phase, 60_000);

  await world().start(name, { pairing: { method: 'PairingCode', phoneNumber: `+${number}` } });
  const waiting = await untilPhase('WaitingForPairing', 'that waits for pairing');
  const first = await shown();
  await phones.fault('refuse');
  await phones.fault('drop', number);
  await untilPhase('Connecting', 'that shows no code');
  await phones.fault('accept');
  await untilPhase('WaitingForPairing', 'that waits for pairing again');
  const next = await waitUntil('another code', 10_000, async () => {
    const code = await shown();
    return code === first ? { seen: 'the first one' } : { value: code };
  });
  await expect(phones.enterCode(first, number)).rejects.toMatchObject({ status: 404 });
  await phones.enterCode(next, number);
  expect(await world().untilReady(name)).toBe(waiting.status?.run?.uid);
});
