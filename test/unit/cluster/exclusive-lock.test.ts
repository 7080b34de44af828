import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withExclusiveLock } from '../../cluster/exclusive-lock.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-lock-'));
});
afterEach(() => rm(dir, { recursive: true }));

test('withExclusiveLock() does two works one after the other', async () => {
  const file = join(dir, 'lock');
  const events: string[] = [];
  const release = Promise.withResolvers<void>();
  const first = withExclusiveLock(file, async () => {
    events.push('first begins');
    await release.promise;
    events.push('first ends');
  });
  await expect.poll(() => events).toEqual(['first begins']);
  const second = withExclusiveLock(file, async () => {
    events.push('second begins');
  });
  release.resolve();
  await Promise.all([first, second]);
  expect(events).toEqual(['first begins', 'first ends', 'second begins']);
});

test('withExclusiveLock() lets go of the lock when the work fails', async () => {
  const file = join(dir, 'lock');
  await expect(withExclusiveLock(file, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await withExclusiveLock(file, () => Promise.resolve('done'))).toBe('done');
});
