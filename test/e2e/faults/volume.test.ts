import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hasKind } from '../../cluster/kind.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { createSmallVolume, type SmallVolume } from '../../deployment/small-volume.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, untilMessages, verdict } from '../outcome.ts';

const isKind = await hasKind();
describe('a volume that fails', () => {
  let small: SmallVolume | undefined;
  // Registered first, so done last: the claim is gone by then.
  afterAll(() => small?.remove());
  const world = oneWorld();

  test.skipIf(isKind)(
    'a full disk ends runs as crashed, with its cause, and once there is room the login and the messages are there',
    async () => {
      const { phone: phones } = world();
      small = await createSmallVolume(`small-${world().namespace}`);
      const { storageClassName } = small;
      const { phone, runUid } = await world().startPaired('full', { storage: { storageClassName, size: '1Mi' } });
      const device = await deviceOf(world(), phone);
      // The node's own hand, since a pod that may fill /data can be killed before it is done.
      const fill = 'dd if=/dev/zero of=/data/ballast bs=64k; dd if=/dev/zero of=/data/crumbs bs=512; df /data';
      const after = await kubectl(['--namespace', world().namespace, 'exec', 'full', '--', 'sh', '-c', fill]);
      expect(after).toContain('100%');
      await phones.deliver({ from: '15550001000', to: phone, text: 'no room?' });

      const crashed = await world().until('full', 'that has crashed', ({ status }) => status?.lastEnd !== undefined);
      expect(crashed.status?.lastEnd).toMatchObject({ runUid, reason: 'crashed' });
      const [end] = await world().ends('full');
      expect(end?.spec.message).toMatch(/full|space/);
      expect(verdict(crashed, 'Stuck')).toBe('False NotStuck');

      for (const name of ['ballast', 'crumbs']) await rm(join(small.directory, name));
      await world().untilReady('full', runUid);
      await expectSameLogin(world(), 'full', phone, device);
      const messages = await untilMessages(world(), 'full', 1);
      expect(messages.map(({ text }) => text)).toEqual(['no room?']);
      const ends = (await world().ends('full')).map(({ spec }) => spec);
      expect(new Set(ends.map(({ reason }) => reason))).toEqual(new Set(['crashed']));
      await expectEnds(
        world(),
        'full',
        ends.map(({ run, reason }) => [run.uid, reason] as const),
      );
    },
  );
});
