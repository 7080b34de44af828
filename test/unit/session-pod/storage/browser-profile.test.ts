import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openBrowserProfile } from '@berth/session-pod/storage/browser-profile.ts';
import { CredentialsCorruptError } from '@berth/session-pod/storage/credential-store.ts';
import { VolumeUnusableError } from '@berth/session-pod/storage/volume-lock.ts';
import { expect, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';

/** A volume with a profile in which a browser has left something. */
function aUsedProfile() {
  const data = aTemporaryDirectory();
  const profile = openBrowserProfile(data);
  mkdirSync(join(profile.directory, 'Default'));
  writeFileSync(join(profile.directory, 'Default', 'Cookies'), 'secret');
  return { data, profile };
}

const isEmpty = (directory: string) => readdirSync(directory).length === 0;

test('openBrowserProfile() makes a profile that nobody else can read, and finds it again', () => {
  const { data, profile } = aUsedProfile();
  expect(lstatSync(profile.directory).mode & 0o077).toBe(0);
  expect(profile.pairedAtMs()).toBeUndefined();
  profile.notePairing(1_000);
  const again = openBrowserProfile(data);
  expect(again.directory).toBe(profile.directory);
  expect(again.pairedAtMs()).toBe(1_000);
  expect(existsSync(join(again.directory, 'Default', 'Cookies'))).toBe(true);
});

test('eraseAfterLogout() leaves nothing of the login on the volume', async () => {
  const { data, profile } = aUsedProfile();
  profile.notePairing(1_000);
  await profile.eraseAfterLogout(2_000);
  expect(isEmpty(data)).toBe(true);
  const next = openBrowserProfile(data);
  expect(next.pairedAtMs()).toBeUndefined();
  expect(isEmpty(next.directory)).toBe(true);
});

test('openBrowserProfile() erases a login that was void when its run was killed', () => {
  const { data, profile } = aUsedProfile();
  profile.notePairing(1_000);
  profile.noteLogout(2_000);
  const next = openBrowserProfile(data);
  expect(next.pairedAtMs()).toBeUndefined();
  expect(isEmpty(next.directory)).toBe(true);
});

test('openBrowserProfile() finishes an erasure that a kill cut short', () => {
  const { data, profile } = aUsedProfile();
  profile.notePairing(1_000);
  renameSync(profile.directory, join(data, 'browser-profile.erased-5'));
  openBrowserProfile(data);
  expect(readdirSync(data)).toEqual(['browser-profile']);
});

test('openBrowserProfile() keeps a profile whose pairing nobody has noted', () => {
  const { data, profile } = aUsedProfile();
  openBrowserProfile(data);
  expect(readFileSync(join(profile.directory, 'Default', 'Cookies'), 'utf8')).toBe('secret');
});

test.each([
  {
    name: 'a note that is cut short',
    damage: (directory: string) => writeFileSync(join(directory, 'berth-login.json'), '{"lo'),
  },
  {
    name: 'a note of another format',
    damage: (directory: string) => writeFileSync(join(directory, 'berth-login.json'), '{}'),
  },
  {
    name: 'a profile that was emptied',
    damage: (directory: string) => rmSync(join(directory, 'Default'), { recursive: true }),
  },
])('openBrowserProfile() refuses $name, and leaves it as it is', ({ damage }) => {
  const { data, profile } = aUsedProfile();
  profile.notePairing(1_000);
  damage(profile.directory);
  const found = readdirSync(profile.directory);
  expect(() => openBrowserProfile(data)).toThrow(CredentialsCorruptError);
  expect(readdirSync(profile.directory)).toEqual(found);
});

test('openBrowserProfile() refuses a file in the place of the profile', () => {
  const data = aTemporaryDirectory();
  writeFileSync(join(data, 'browser-profile'), '');
  expect(() => openBrowserProfile(data)).toThrow(CredentialsCorruptError);
});

test('openBrowserProfile() says that a volume is missing', () => {
  expect(() => openBrowserProfile(join(aTemporaryDirectory(), 'missing'))).toThrow(VolumeUnusableError);
});

test('removeStaleLocks() removes links that point nowhere, as a killed browser leaves them', () => {
  const { profile } = aUsedProfile();
  const locks = ['SingletonLock', 'SingletonCookie', 'SingletonSocket'].map((lock) => join(profile.directory, lock));
  for (const lock of locks) symlinkSync('another-pod-17', lock);
  profile.removeStaleLocks();
  profile.removeStaleLocks();
  for (const lock of locks) expect(lstatSync(lock, { throwIfNoEntry: false })).toBeUndefined();
});
