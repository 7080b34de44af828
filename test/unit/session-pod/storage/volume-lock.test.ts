import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockVolume, VolumeLockedError, VolumeUnusableError } from '@berth/session-pod/storage/volume-lock.ts';
import { expect, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { startChild } from '../child-process.ts';

const holder = { runUid: 'run-2', pod: 'demo/alpha' };
const holdVolume = fileURLToPath(new URL('hold-volume.child.ts', import.meta.url));

test('lockVolume() refuses a second process and names the first, until that one is killed', async () => {
  const directory = aTemporaryDirectory();
  const first = startChild(holdVolume, [directory, 'run-1']);
  await first.line((line) => line === 'locked');
  expect(() => lockVolume(directory, holder)).toThrow(VolumeLockedError);
  expect(() => lockVolume(directory, holder)).toThrow(/the run "run-1" of pod "demo\/alpha" holds it/);
  first.process.kill('SIGKILL');
  await first.exited();
  lockVolume(directory, holder).release();
});

test('lockVolume() refuses a second holder in the same process', () => {
  const directory = aTemporaryDirectory();
  const lock = lockVolume(directory, { ...holder, runUid: 'run-1' });
  expect(() => lockVolume(directory, holder)).toThrow(VolumeLockedError);
  lock.release();
  lock.release();
  lockVolume(directory, holder).release();
});

test('lockVolume() says that a volume is missing', () => {
  expect(() => lockVolume(join(aTemporaryDirectory(), 'missing'), holder)).toThrow(VolumeUnusableError);
});
