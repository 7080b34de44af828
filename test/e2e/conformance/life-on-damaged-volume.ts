import { expect } from 'vitest';
import { kubectl } from '../../deployment/kubectl.ts';
import { onVolumeOf } from '../../deployment/volume-surgeon.ts';
import { stays } from '../../integration/session-world.ts';
import { deviceOf, expectEnds, expectSameLogin, loginsOf, verdict } from '../outcome.ts';
import type { Given } from './engine-under-test.ts';
import { life } from './life.ts';

const name = 'damaged';

/** A session whose volume is not as its last run has left it. */
export function lifeOnDamagedVolume({ way, world }: Given): void {
  life('on a damaged volume', (step) => {
    let phone = '';
    let device = '';
    const runs: string[] = [];
    const stopAndHarm = async (script: string) => {
      await world().patch(name, { desiredState: 'Stopped' });
      await world().untilPodGone(name, runs.at(-1) ?? '');
      await onVolumeOf(world().namespace, name, script);
      await world().patch(name, { desiredState: 'Running' });
    };
    const comesBack = async () => {
      runs.push(await world().untilReady(name, runs.at(-1)));
      await expectSameLogin(world(), name, phone, device);
    };

    step('is paired', async () => {
      const paired = await world().startPaired(name);
      phone = paired.phone;
      runs.push(paired.runUid);
      device = await deviceOf(world(), phone);
    });

    step('starts all the same where a dead process has left its locks', async () => {
      await stopAndHarm(way.volume.leaveLocks);
      await comesBack();
      const words = ['exec', name, '--', 'node', '--eval', way.volume.showLeftLocks];
      expect(JSON.parse(await kubectl(['--namespace', world().namespace, ...words]))).toEqual([]);
    });

    step('says that its login is damaged, and neither pairs anew nor tries again', async () => {
      const logins = (await loginsOf(world(), phone)).length;
      await stopAndHarm(way.volume.corrupt);
      const held = await world().until(name, 'that is held', ({ status }) => status?.phase === 'Failed', 60_000);
      expect(verdict(held, 'Ready')).toBe('False Held');
      expect(verdict(held, 'Stuck')).toBe('False NotStuck');
      const [first = '', second = ''] = runs;
      const third = held.status?.lastEnd?.runUid ?? '';
      runs.push(third);
      await stays('no pod of a session that is held', 2_000, async () => (await world().pod(name)) === undefined);
      expect(await loginsOf(world(), phone)).toHaveLength(logins);
      await expectEnds(world(), name, [
        [first, 'stopped'],
        [second, 'stopped'],
        [third, 'auth_failure'],
      ]);
      // Its login is left as it was found.
      await onVolumeOf(world().namespace, name, way.volume.checkLeftAlone);
    });

    step('goes on with the same login once that is mended', async () => {
      await onVolumeOf(world().namespace, name, way.volume.mend);
      await world().patch(name, { restartedAt: new Date().toISOString() });
      await comesBack();
    });
  });
}
