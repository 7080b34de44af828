import { expect } from 'vitest';
import { deviceOf, expectEnds, expectSameLogin, untilAnswers, untilStuck, verdict } from '../outcome.ts';
import type { Given } from './engine-under-test.ts';
import { life } from './life.ts';

const name = 'wedged';

/** A session that stops answering in the middle of its work. */
export function lifeThatWedges({ way, world }: Given): void {
  life('wedged', (step) => {
    let phone = '';
    let runUid = '';

    step('is paired', async () => {
      // Less is what a busy node may take to see that a healthy run answers.
      const recovery = { unresponsiveSeconds: 15, backoff: { baseSeconds: 1, maxSeconds: 1 } };
      ({ phone, runUid } = await world().startPaired(name, { recovery }));
      await untilAnswers(world(), name);
    });

    step('is seen not to answer, ended as stuck, and back without a QR code', async () => {
      const device = await deviceOf(world(), phone);
      await way.wedge(world(), name, phone);
      const silent = (it: Parameters<typeof verdict>[0]) => verdict(it, 'Ready') === 'False NotResponding';
      await world().until(name, 'that does not respond', silent);
      expect(await untilStuck(world(), name, 'Unresponsive')).toContain('readiness probe');
      await world().untilReady(name, runUid);
      await expectSameLogin(world(), name, phone, device);
      await expectEnds(world(), name, [[runUid, 'stuck']]);
      const [end] = await world().ends(name);
      expect(end?.spec).toMatchObject({ terminationConfirmed: true });
    });
  });
}
