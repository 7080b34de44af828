import type { EndReason } from '@berth/protocol';
import { expect } from 'vitest';
import { stays } from '../../integration/session-world.ts';
import { deviceOf, expectEnds, expectSameLogin, loginsOf, verdict } from '../outcome.ts';
import type { Given } from './engine-under-test.ts';
import { life } from './life.ts';

const name = 'ended';

/** A session that WhatsApp itself ends, and that must not come back until somebody says so. */
export function lifeThatIsEnded({ way, world }: Given): void {
  life('ended by WhatsApp', (step) => {
    let phone = '';
    let runUid = '';
    let device = '';
    const ended: [runUid: string, reason: EndReason][] = [];

    const isHeld = async (reason: EndReason) => {
      const held = await world().until(name, 'that is held', ({ status }) => status?.phase === 'Failed');
      expect(verdict(held, 'Ready')).toBe('False Held');
      expect(verdict(held, 'Stuck')).toBe('False NotStuck');
      expect(held.status?.lastEnd).toMatchObject({ runUid, reason });
      ended.push([runUid, reason]);
      const logins = (await loginsOf(world(), phone)).length;
      await stays('no pod and no login of a session that is held', 3_000, async () => {
        return (await world().pod(name)) === undefined && (await loginsOf(world(), phone)).length === logins;
      });
      await expectEnds(world(), name, ended);
    };
    const comesBack = async () => {
      await world().patch(name, { restartedAt: new Date().toISOString() });
      runUid = await world().untilReady(name, runUid);
      await expectSameLogin(world(), name, phone, device);
    };

    step('is paired', async () => {
      ({ phone, runUid } = await world().startPaired(name));
      device = await deviceOf(world(), phone);
    });

    step('is replaced by another client, fights nobody, and keeps its login for a restart', async () => {
      await world().phone.fault('conflict', phone);
      await isHeld('replaced');
      await comesBack();
    });

    step('is banned, does not try again, and keeps its login for a restart', async () => {
      const [kind, argument] = way.ban;
      await world().phone.fault(kind, phone, argument);
      await isHeld('banned');
      await world().phone.fault('accept', phone);
      await comesBack();
    });
  });
}
