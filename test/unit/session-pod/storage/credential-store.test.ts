import { lstatSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { createLog } from '@berth/session-pod/publish/log.ts';
import {
  CredentialStoreError,
  CredentialsCorruptError,
  openCredentialStore,
} from '@berth/session-pod/storage/credential-store.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { startChild } from '../child-process.ts';
import { silentLog } from '../silent-log.ts';

const writeKeys = fileURLToPath(new URL('write-keys.child.ts', import.meta.url));

/** A closed store with credentials and 300 keys, and the path of its file. */
function aFilledStore() {
  const directory = aTemporaryDirectory();
  const store = openCredentialStore(directory);
  store.writeCredentials('credentials of alpha');
  store.writeKeys(Array.from({ length: 300 }, (_, id) => ({ type: 'pre-key', id: `${id}`, value: `value ${id}` })));
  store.close();
  return { directory, file: store.file };
}

test('openCredentialStore() gives back what was written before it was closed', () => {
  const { directory } = aFilledStore();
  const store = openCredentialStore(directory);
  expect(store.readCredentials()).toBe('credentials of alpha');
  expect(store.readKeys('pre-key', ['7', '8', 'none'])).toEqual(
    new Map([
      ['7', 'value 7'],
      ['8', 'value 8'],
    ]),
  );
  expect(store.readKeys('session', ['7'])).toEqual(new Map());
  store.close();
});

test('writeKeys() changes and removes, all of a batch or nothing', () => {
  const { directory } = aFilledStore();
  const store = openCredentialStore(directory);
  store.writeKeys([
    { type: 'pre-key', id: '1', value: 'new' },
    { type: 'pre-key', id: '2', value: null },
  ]);
  expect(store.readKeys('pre-key', ['1', '2'])).toEqual(new Map([['1', 'new']]));
  const unwritable = { type: 'pre-key', id: '3', value: { not: 'text' } as unknown as string };
  expect(() => store.writeKeys([{ type: 'pre-key', id: '1', value: 'newer' }, unwritable])).toThrow(
    CredentialStoreError,
  );
  expect(store.readKeys('pre-key', ['1', '3'])).toEqual(
    new Map([
      ['1', 'new'],
      ['3', 'value 3'],
    ]),
  );
  store.close();
});

test('eraseAfterLogout() leaves an empty store that knows of the logout', () => {
  const { directory, file } = aFilledStore();
  const store = openCredentialStore(directory);
  store.eraseAfterLogout(5, silentLog);
  store.close();
  const again = openCredentialStore(directory);
  expect(again.readCredentials()).toBeUndefined();
  expect(again.readKeys('pre-key', ['7'])).toEqual(new Map());
  again.close();
  const database = new DatabaseSync(file);
  expect(database.prepare('SELECT at_ms FROM logouts').all()).toMatchObject([{ at_ms: 5 }]);
  database.close();
});

test.each([
  { name: 'an empty file', damage: (file: string) => truncateSync(file, 0) },
  {
    name: 'a file cut in half',
    damage: (file: string) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  },
  { name: 'a file cut in its header', damage: (file: string) => truncateSync(file, 50) },
  { name: 'a file of something else', damage: (file: string) => writeFileSync(file, 'not a database '.repeat(500)) },
  {
    name: 'a file with a page overwritten',
    damage(file: string) {
      const content = readFileSync(file);
      content.fill(0xff, content.length - 4_096);
      writeFileSync(file, content);
    },
  },
  {
    name: 'keys without credentials',
    damage(file: string) {
      const database = new DatabaseSync(file);
      database.exec('DELETE FROM credentials');
      database.close();
    },
  },
])('openCredentialStore() refuses $name instead of starting anew', ({ damage }) => {
  const { directory, file } = aFilledStore();
  damage(file);
  const damaged = readFileSync(file);
  expect(() => openCredentialStore(directory)).toThrow(CredentialsCorruptError);
  expect(() => openCredentialStore(directory)).toThrow(CredentialsCorruptError);
  expect(readFileSync(file).equals(damaged)).toBe(true);
});

test('openCredentialStore() begins anew where the file is missing, or only its draft is there', () => {
  const { directory, file } = aFilledStore();
  rmSync(file);
  writeFileSync(`${file}.new`, 'half a dra');
  const store = openCredentialStore(directory);
  expect(store.readCredentials()).toBeUndefined();
  store.close();
});

test('openCredentialStore() puts no new file in the place of one that it cannot look at', () => {
  const { directory, file } = aFilledStore();
  rmSync(file);
  symlinkSync(file, file); // A look at it fails, as on a volume with errors.
  expect(() => openCredentialStore(directory)).toThrow(CredentialStoreError);
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
});

test('openCredentialStore() does not call an unreachable volume corrupt', () => {
  expect(() => openCredentialStore(join(aTemporaryDirectory(), 'missing'))).toThrow(CredentialStoreError);
});

test('writeKeys() has its batch on the disk when it returns, whole, whenever the process is killed', async () => {
  const directory = aTemporaryDirectory();
  for (const lines of [1, 20, 60]) {
    const child = startChild(writeKeys, [directory]);
    await child.line((line) => Number(line) >= lines);
    child.process.kill('SIGKILL');
    await child.exited();
    const saidWritten = Number(child.lines.at(-1));
    const store = openCredentialStore(directory);
    const found = [...store.readKeys('session', ['a', 'b', 'c']).values()].map(Number);
    store.close();
    expect(found).toHaveLength(3);
    expect(new Set(found).size).toBe(1);
    // One batch may have been written whose number was not yet said.
    expect([saidWritten, saidWritten + 1]).toContain(found[0]);
  }
});

test('eraseAfterLogout() leaves nothing of the credentials in any file of the volume', () => {
  const { directory } = aFilledStore();
  const store = openCredentialStore(directory);
  store.writeCredentials('new credentials of alpha');
  store.eraseAfterLogout(5, silentLog);
  const content = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'latin1'));
  expect(content.join('')).not.toMatch(/credentials of alpha|value 7/);
  store.close();
});

/** Every database that is opened from now on has no more room than its file has already. */
function fillTheDisk() {
  const exec: (this: DatabaseSync, sql: string) => void = Reflect.get(DatabaseSync.prototype, 'exec');
  vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql: string) {
    exec.call(this, 'PRAGMA max_page_count = 1'); // SQLite takes the size that the file has for the least.
    exec.call(this, sql);
  });
  onTestFinished(() => void vi.restoreAllMocks());
}

test('a full disk is no damage: nothing is lost, and the error names the volume and not the credentials', () => {
  const { directory, file } = aFilledStore();
  fillTheDisk();
  const store = openCredentialStore(directory);
  const large = Array.from({ length: 2_000 }, (_, id) => ({ type: 'session', id: `${id}`, value: 'v'.repeat(500) }));
  const refusal = `Cannot write the credentials in "${file}": database or disk is full; check that the volume`;
  expect(() => store.writeKeys(large)).toThrow(CredentialStoreError);
  expect(() => store.writeKeys(large)).toThrow(refusal);
  expect(() => store.writeCredentials('c'.repeat(100_000))).toThrow(refusal);
  expect(store.readCredentials()).toBe('credentials of alpha');
  expect(store.readKeys('session', ['0', '1999'])).toEqual(new Map());
  store.eraseAfterLogout(5, silentLog); // Even this needs no more room than there is.
  store.close();
  vi.restoreAllMocks();
  const again = openCredentialStore(directory);
  expect(again.readCredentials()).toBeUndefined();
  again.writeKeys([]);
  again.close();
});

test('openCredentialStore() on a full disk makes no half a store', () => {
  const directory = aTemporaryDirectory();
  fillTheDisk();
  expect(() => openCredentialStore(directory)).toThrow(CredentialStoreError);
  vi.restoreAllMocks();
  const store = openCredentialStore(directory);
  expect(store.readCredentials()).toBeUndefined();
  store.close();
});

/** What SQLite says of every statement that begins so, from now on, for want of room in its log. */
function haveNoRoomFor(statement: string) {
  const exec: (this: DatabaseSync, sql: string) => void = Reflect.get(DatabaseSync.prototype, 'exec');
  vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql: string) {
    if (sql.startsWith(statement)) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
    exec.call(this, sql);
  });
  onTestFinished(() => void vi.restoreAllMocks());
}

test.each(['PRAGMA secure_delete', 'DELETE FROM credentials', 'COMMIT', 'PRAGMA wal_checkpoint'])(
  'eraseAfterLogout() removes the files, and says so, when the disk has no room for "%s"',
  (statement) => {
    const { directory, file } = aFilledStore();
    const lines: string[] = [];
    const store = openCredentialStore(directory);
    store.writeCredentials('new credentials of alpha');
    haveNoRoomFor(statement);
    store.eraseAfterLogout(5, createLog('error', {}, { write: (line) => void lines.push(line) }));
    store.close();
    vi.restoreAllMocks();
    expect(readdirSync(directory)).toEqual([]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        msg: 'Credentials of an account that is logged out cannot be erased, their files are removed',
        err: expect.objectContaining({ message: expect.stringContaining(`the credentials in "${file}": database or`) }),
      }),
    ]);
    const again = openCredentialStore(directory); // The next run pairs, instead of a login that WhatsApp refuses.
    expect(again.readCredentials()).toBeUndefined();
    again.close();
  },
);
