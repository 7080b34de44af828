import { randomInt } from 'node:crypto';
import type { EndReason } from '@berth/protocol';
import { expect } from 'vitest';
import { deviceOf, expectEnds, expectSameLogin, killedAndStarted } from '../outcome.ts';
import type { Given } from './engine-under-test.ts';
import { life } from './life.ts';

const name = 'by-code';

/** A session that is linked by a code instead of a QR code, and that is killed before anything else happens, and deleted. */
export function lifeByPairingCode({ can, world }: Given): void {
  const isSkipped = !can.pairing.includes('PairingCode');
  life('paired by code', (step) => {
    const phone = `1555${randomInt(1_000_000, 10_000_000)}`;
    let runUid = '';
    const ended: [runUid: string, reason: EndReason][] = [];

    step(
      'shows a code, and is ready once its phone has taken it',
      async () => {
        await world().start(name, { pairing: { method: 'PairingCode', phoneNumber: `+${phone}` } });
        await world().untilWaitsForPairing(name);
        await world().phone.enterCode(await world().tool(name).pairingCode(), phone);
        runUid = await world().untilReady(name);
      },
      { isSkipped },
    );

    step(
      'is not asked for another one when it is killed the moment that it is ready',
      async () => {
        const device = await deviceOf(world(), phone);
        await killedAndStarted(world(), name, runUid);
        ended.push([runUid, 'force_killed']);
        runUid = await world().untilReady(name, runUid);
        await expectSameLogin(world(), name, phone, device);
        await expectEnds(world(), name, ended);
      },
      { isSkipped },
    );

    step(
      'is taken off its phone when it is deleted',
      async () => {
        await world().remove(name);
        await world().untilGone(name);
        ended.push([runUid, 'deleted']);
        await expect(world().phone.fault('drop', phone)).rejects.toThrow('the phone has no linked device');
        await expectEnds(world(), name, ended);
      },
      { isSkipped },
    );
  });
}
