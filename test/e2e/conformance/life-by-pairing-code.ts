import { randomInt } from 'node:crypto';
import { expect } from 'vitest';
import { deviceOf, expectEnds, expectSameLogin } from '../outcome.ts';
import type { Given } from './engine-under-test.ts';
import { life } from './life.ts';

const name = 'by-code';

/** A session that is linked by a code instead of a QR code, and that is killed before anything else happens. */
export function lifeByPairingCode({ can, world }: Given): void {
  const isSkipped = !can.pairing.includes('PairingCode');
  life('paired by code', (step) => {
    const phone = `1555${randomInt(1_000_000, 10_000_000)}`;
    let runUid = '';

    step(
      'shows a code, and is ready once its phone has taken it',
      async () => {
        await world().start(name, { pairing: { method: 'PairingCode', phoneNumber: `+${phone}` } });
        await world().until(
          name,
          'that waits for pairing',
          ({ status }) => status?.report?.state === 'waiting_for_pairing',
          60_000,
        );
        await world().phone.enterCode(await world().tool(name).pairingCode(), phone);
        runUid = await world().untilReady(name);
      },
      { isSkipped },
    );

    step(
      'is not asked for another one when it is killed the moment that it is ready',
      async () => {
        const device = await deviceOf(world(), phone);
        await world().patch(name, { desiredState: 'Killed' });
        await world().untilPodGone(name, runUid);
        await world().patch(name, { desiredState: 'Running' });
        await world().untilReady(name, runUid);
        await expectSameLogin(world(), name, phone, device);
        await expectEnds(world(), name, [[runUid, 'force_killed']]);
        expect(await world().ends(name)).toHaveLength(1);
      },
      { isSkipped },
    );
  });
}
