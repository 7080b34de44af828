import { describe, expect, test } from 'vitest';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { stays } from '../../integration/session-world.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, untilStuck, verdict } from '../outcome.ts';

const backoff = { baseSeconds: 1, maxSeconds: 1 };
/** How long an engine may take to find out that nobody answers any more: twice its keepalive, and the dial after it. */
const silenceFoundMs = 90_000;

/** What a session has reported: its state, and how often it was lost, in one word for a comparison. */
async function untilReconnected(world: ClusterWorld, name: string, reconnects: number, timeoutMs: number) {
  return world.until(
    name,
    `that has reconnected ${reconnects} times`,
    ({ status }) => status?.phase === 'Ready' && (status.report?.reconnects ?? 0) >= reconnects,
    timeoutMs,
  );
}

describe.concurrent('a WhatsApp that fails', () => {
  const worlds = { Baileys: oneWorld(), WhatsAppWebJS: oneWorld('WhatsAppWebJS') };
  const world = worlds.Baileys;

  test.each([
    { name: 'frozen', fault: 'freeze', engine: 'Baileys' },
    { name: 'mute', fault: 'mute', engine: 'Baileys' },
    { name: 'frozen', fault: 'freeze', engine: 'WhatsAppWebJS' },
    { name: 'mute', fault: 'mute', engine: 'WhatsAppWebJS' },
  ] as const)('a connection of $engine that is $name is found out, and made again by the same run', async (given) => {
    const { name, fault, engine } = given;
    const its = worlds[engine]();
    const { phone, runUid } = await its.startPaired(name);
    const device = await deviceOf(its, phone);
    await its.phone.fault(fault, phone);
    const { status } = await untilReconnected(its, name, 1, silenceFoundMs);
    expect(status?.report).toMatchObject({ runUid, reconnects: 1 });
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Stuck', status: 'False' }));
    expect(await deviceOf(its, phone)).toBe(device);
    expect(await its.ends(name)).toEqual([]);
  });

  test.each([
    { name: 'silent', what: 'that accepts and never answers', fault: 'mute-logins' },
    { name: 'failing', what: 'that answers every login with 500', fault: 'fail-logins' },
  ] as const)(
    'a server $what is a ReconnectLoop, ends runs as stuck within the budget, and costs no login',
    async (given) => {
      const { name, fault } = given;
      const recovery = { backoff, reconnects: { max: 100, windowSeconds: 6 }, maxRestarts: 1 };
      const { phone: phones } = world();
      const { phone, runUid } = await world().startPaired(name, { recovery });
      const device = await deviceOf(world(), phone);
      await phones.fault(fault, phone);
      await phones.fault('drop', phone);
      await world().until(name, 'that dials again', (it) => it.status?.phase === 'Reconnecting');
      await untilStuck(world(), name, 'ReconnectLoop');
      const given_up = await world().until(name, 'that is given up', (it) => it.status?.phase === 'Failed');
      expect(verdict(given_up, 'Ready')).toBe('False RecoveryExhausted');
      const [first, second, ...more] = (await world().untilEnds(name, 2)).map(({ spec }) => spec);
      expect(more).toEqual([]);
      const uids = [first?.run.uid ?? '', second?.run.uid ?? ''];
      expect(uids).toContain(runUid);
      await expectEnds(
        world(),
        name,
        uids.map((uid) => [uid, 'stuck'] as const),
      );
      const attempts = (await phones.connections(phone)).length;
      await stays('no dial of a session that was given up', 3_000, async () => {
        return (await phones.connections(phone)).length === attempts;
      });

      await phones.fault('accept', phone);
      await world().patch(name, { restartedAt: new Date().toISOString() });
      await world().untilReady(name);
      await expectSameLogin(world(), name, phone, device);
    },
  );

  test('a connection that is lost again and again is a ReconnectLoop', async () => {
    const recovery = { backoff, reconnects: { max: 2, windowSeconds: 600 } };
    const { phone: phones } = world();
    const { phone, runUid } = await world().startPaired('flapping', { recovery });
    const device = await deviceOf(world(), phone);
    for (const lost of [1, 2, 3]) {
      await phones.fault('drop', phone);
      if (lost < 3) await untilReconnected(world(), 'flapping', lost, 30_000);
    }
    expect(await untilStuck(world(), 'flapping', 'ReconnectLoop')).toContain('3 times');
    await world().untilReady('flapping', runUid);
    await expectSameLogin(world(), 'flapping', phone, device);
    await expectEnds(world(), 'flapping', [[runUid, 'stuck']]);
  });

  test('a login that never gets ready is AuthenticatedNotReady, ended as stuck, and goes on in the next run', async () => {
    const { phone: phones } = world();
    const phone = '15557654321';
    await phones.fault('mute-logins', phone);
    await world().start('half', { recovery: { backoff, authenticatedSeconds: 3 } });
    const runUid = await world().untilWaitsForPairing('half');
    await phones.scan(await world().tool('half').qrText(), phone);
    await untilStuck(world(), 'half', 'AuthenticatedNotReady');
    await phones.fault('accept', phone);
    await world().untilReady('half', runUid);
    expect(await world().states('half')).not.toContain('waiting_for_pairing');
    await expectEnds(world(), 'half', [[runUid, 'stuck']]);
  });
});
