import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/protocol';
import type { Log } from '../publish/log.ts';
import { isDamagedDatabase } from './sqlite-error.ts';

/** Credentials exist and cannot be trusted. Never answered by a new registration: that would lose the account silently. */
export class CredentialsCorruptError extends BerthError {
  readonly code = 'CREDENTIALS_CORRUPT';
  readonly retryable = false;
  constructor(file: string, what: string, options?: ErrorOptions) {
    super(
      `Cannot read the credentials in "${file}": ${what}; restore the volume, or delete it there to pair again`,
      options,
    );
  }
}

/** The database is sound, as far as is known, yet could not be read or written: a full or failing disk. */
export class CredentialStoreError extends BerthError {
  readonly code = 'CREDENTIAL_STORE_FAILED';
  readonly retryable = true;
  constructor(action: string, file: string, options: { cause: unknown }) {
    const what = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(
      `Cannot ${action} the credentials in "${file}": ${what}; check that the volume is writable and not full`,
      options,
    );
  }
}

/** One key of the engine: null as its value removes it. */
export interface KeyChange {
  readonly type: string;
  readonly id: string;
  readonly value: string | null;
}

/** What an engine needs to log in again, as text that only the engine understands. Every write is durable on return. */
export interface CredentialStore {
  readonly file: string;
  /** Undefined before the first pairing and after a logout. */
  readCredentials(): string | undefined;
  writeCredentials(value: string): void;
  /** The keys of one type that exist, by id. */
  readKeys(type: string, ids: readonly string[]): Map<string, string>;
  /** Writes a batch in one transaction: all of it or nothing. */
  writeKeys(changes: readonly KeyChange[]): void;
  /**
   * Removes credentials and keys and notes why, in one transaction, and wipes what they left in the file. Only after a
   * logout that WhatsApp confirmed. Where that fails, as on a full disk, the store is closed and its files are removed:
   * with a login that WhatsApp refuses every later run would end as logged out, too.
   * @throws {CredentialStoreError} not even the files can be removed
   */
  eraseAfterLogout(nowMs: number, log: Log): void;
  close(): void;
}

const schema = `
  CREATE TABLE credentials (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE keys (type TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (type, id)) STRICT, WITHOUT ROWID;
  CREATE TABLE logouts (at_ms INTEGER NOT NULL) STRICT;
  PRAGMA user_version = 1;
`;

/**
 * Opens the credentials of a volume, or creates an empty store where there is none.
 * @throws {CredentialsCorruptError} the file is truncated, damaged, or not of this format
 * @throws {CredentialStoreError} the file cannot be opened or created
 */
export function openCredentialStore(directory: string): CredentialStore {
  const file = join(directory, 'credentials.db');
  return guarded('open', file, () => {
    // Unlike existsSync, it throws on a volume that fails: what cannot be seen must not be replaced.
    if (statSync(file, { throwIfNoEntry: false }) === undefined) createDatabase(file);
    const database = new DatabaseSync(file, { timeout: 1_000 });
    try {
      check(database, file); // Before anything writes: a damaged file stays as it is, for whoever may mend it.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    } catch (error) {
      database.close();
      throw error;
    }
    return storeOn(database, file);
  });
}

/**
 * The file comes into being complete, under its name only at the end: SQLite takes an empty file for a new database, so
 * whatever is empty later was truncated.
 */
function createDatabase(file: string): void {
  const draft = `${file}.new`;
  for (const leftover of [draft, `${draft}-journal`, `${file}-wal`, `${file}-shm`]) rmSync(leftover, { force: true });
  const database = new DatabaseSync(draft);
  database.exec(`PRAGMA synchronous = EXTRA; BEGIN; ${schema} COMMIT;`);
  database.close();
  renameSync(draft, file);
}

function check(database: DatabaseSync, file: string): void {
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  if (version !== 1) throw new CredentialsCorruptError(file, `its format is ${String(version)} instead of 1`);
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict !== 'ok') throw new CredentialsCorruptError(file, 'its integrity check failed');
  const { credentials, keys } = database
    .prepare('SELECT (SELECT count(*) FROM credentials) AS credentials, (SELECT count(*) FROM keys) AS keys')
    .get() as { credentials: number; keys: number };
  if (credentials === 0 && keys > 0) throw new CredentialsCorruptError(file, 'it has keys but no credentials');
}

function storeOn(database: DatabaseSync, file: string): CredentialStore {
  const readOne = database.prepare("SELECT value FROM credentials WHERE name = 'credentials'");
  const writeOne = database.prepare(
    "INSERT INTO credentials VALUES ('credentials', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const readKey = database.prepare('SELECT value FROM keys WHERE type = ? AND id = ?');
  const writeKey = database.prepare(
    'INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT (type, id) DO UPDATE SET value = excluded.value',
  );
  const removeKey = database.prepare('DELETE FROM keys WHERE type = ? AND id = ?');
  return {
    file,
    readCredentials: () => guarded('read', file, () => textOf(readOne.get())),
    writeCredentials: (value) => guarded('write', file, () => writeOne.run(value)),
    readKeys: (type, ids) =>
      guarded('read', file, () => {
        const found = ids.map((id) => [id, textOf(readKey.get(type, id))] as const);
        return new Map(found.filter((each): each is readonly [string, string] => each[1] !== undefined));
      }),
    writeKeys: (changes) =>
      transaction(database, file, () => {
        for (const { type, id, value } of changes) {
          if (value === null) removeKey.run(type, id);
          else writeKey.run(type, id, value);
        }
      }),
    eraseAfterLogout(nowMs, log) {
      try {
        erase(database, file, nowMs);
      } catch (error) {
        log.error(
          { err: error },
          'Credentials of an account that is logged out cannot be erased, their files are removed',
        );
        try {
          database.close();
        } finally {
          guarded('remove', file, () => removeFiles(file));
        }
      }
    },
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

function erase(database: DatabaseSync, file: string, nowMs: number): void {
  // Otherwise the deleted rows stay readable in free pages of the file, and in its log until that is overwritten.
  guarded('erase', file, () => database.exec('PRAGMA secure_delete = ON'));
  transaction(database, file, () => {
    database.exec('DELETE FROM credentials; DELETE FROM keys;');
    database.prepare('INSERT INTO logouts VALUES (?)').run(nowMs);
  });
  guarded('erase', file, () => database.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
}

/** Needs no room. The database goes first: without it the rest is taken for leftovers, whereas without its log it is damaged. */
function removeFiles(file: string): void {
  for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true });
}

function transaction(database: DatabaseSync, file: string, write: () => void): void {
  guarded('write', file, () => {
    database.exec('BEGIN IMMEDIATE');
    try {
      write();
      database.exec('COMMIT');
    } catch (error) {
      // A full disk has rolled back already.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  });
}

function textOf(row: Record<string, unknown> | undefined): string | undefined {
  return row === undefined ? undefined : String(row['value']);
}

function guarded<T>(action: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BerthError) throw error;
    if (isDamagedDatabase(error)) throw new CredentialsCorruptError(file, 'the file is damaged', { cause: error });
    throw new CredentialStoreError(action, file, { cause: error });
  }
}
