import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hasKind } from '../../cluster/kind.ts';
import { waitUntil } from '../../cluster/wait-until.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { createSmallVolume, type SmallVolume } from '../../deployment/small-volume.ts';
import { onVolumeOf } from '../../deployment/volume-surgeon.ts';
import { stays } from '../../integration/session-world.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, verdict } from '../outcome.ts';

const isKind = await hasKind();
const file = '/data/credentials.db';
/** Says what the credentials are by their bytes. */
const digest = `console.log(require('node:crypto').createHash('sha256').update(require('node:fs').readFileSync('${file}')).digest('hex'))`;
const truncate = `const fs = require('node:fs');
fs.copyFileSync('${file}', '/data/kept');
fs.truncateSync('${file}', 5000);
${digest}`;
const restore = `require('node:fs').copyFileSync('/data/kept', '${file}')`;

describe.concurrent('a volume that fails', () => {
  let small: SmallVolume | undefined;
  // Registered first, so done last: the claim is gone by then.
  afterAll(() => small?.remove());
  const world = oneWorld();

  test('truncated credentials are an auth_failure, are left as they are, and are never answered by a new pairing', async () => {
    const { namespace } = world();
    const { phone, runUid } = await world().startPaired('truncated');
    const device = await deviceOf(world(), phone);
    await world().patch('truncated', { desiredState: 'Stopped' });
    await world().untilPodGone('truncated', runUid);
    const before = await onVolumeOf(namespace, 'truncated', truncate);

    await world().patch('truncated', { desiredState: 'Running' });
    const held = await world().until('truncated', 'that is held', ({ status }) => status?.phase === 'Failed', 30_000);
    expect(verdict(held, 'Ready')).toBe('False Held');
    expect(verdict(held, 'Stuck')).toBe('False NotStuck');
    const failedUid = held.status?.lastEnd?.runUid ?? '';
    await stays('no pod of a session that is held', 2_000, async () => (await world().pod('truncated')) === undefined);
    await expectEnds(world(), 'truncated', [
      [runUid, 'stopped'],
      [failedUid, 'auth_failure'],
    ]);
    expect(await onVolumeOf(namespace, 'truncated', digest)).toBe(before);
    expect((await world().standIns.phone.connections(phone)).length).toBe(1);

    await onVolumeOf(namespace, 'truncated', restore);
    await world().patch('truncated', { restartedAt: new Date().toISOString() });
    await world().untilReady('truncated', failedUid);
    await expectSameLogin(world(), 'truncated', phone, device);
  });

  test.skipIf(isKind)(
    'a full disk ends runs as crashed, with its cause, and once there is room the login and the messages are there',
    async () => {
      const { phone: phones } = world().standIns;
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
      await world().untilReady('full', runUid, 45_000);
      await expectSameLogin(world(), 'full', phone, device);
      // Baileys holds messages back for 20 s after the first logins, for a history that the stand-in does not send.
      const texts = await waitUntil('the message that found no room', 45_000, async () => {
        const messages = await world().tool('full').messages();
        return messages.length > 0 ? { value: messages.map(({ text }) => text) } : { seen: 'none' };
      });
      expect(texts).toEqual(['no room?']);
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
