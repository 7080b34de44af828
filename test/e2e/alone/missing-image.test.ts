import { expect, test } from 'vitest';
import { mustRun } from '../../cluster/command.ts';
import { ctrArguments } from '../../cluster/containerd.ts';
import { hasKind } from '../../cluster/kind.ts';
import { clusterDir } from '../../cluster/paths.ts';
import { devImage } from '../../deployment/dev-image.ts';
import { aWorld } from '../a-world.ts';
import { untilEvent, verdict } from '../outcome.ts';

const isKind = await hasKind();

// On kind the image is loaded in another way, and another registry may answer.
test.skipIf(isKind)(
  'an image that cannot be pulled shows in Ready and an Event, and heals when it is there',
  async () => {
    const image = devImage('session-baileys');
    const kept = 'berth.dev/session-baileys:kept';
    const ctr = (...words: string[]) => mustRun('ctr', [...ctrArguments(clusterDir), 'images', ...words]);
    const world = await aWorld();
    await ctr('tag', '--force', image, kept);
    try {
      await ctr('remove', '--sync', image);
      await world.start('bare');
      const seen = await world.until(
        'bare',
        'that says so',
        (it) => verdict(it, 'Ready') === 'False StartBlocked',
        30_000,
      );
      const condition = seen.status?.conditions?.find(({ type }) => type === 'Ready');
      expect(condition?.message).toMatch(/ErrImagePull|ImagePullBackOff/);
      const event = await untilEvent(world, 'bare', 'StartBlocked');
      expect(event.type).toBe('Warning');
      expect(event.message).toContain(image);
    } finally {
      await ctr('tag', '--force', kept, image);
      await ctr('remove', kept);
    }
    // The kubelet waits longer after each failed pull.
    await world.untilWaitsForPairing('bare', undefined, 90_000);
    expect(await world.ends('bare')).toEqual([]);
  },
);
