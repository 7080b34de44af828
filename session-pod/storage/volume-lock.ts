import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/protocol';
import { isBusyDatabase } from './sqlite-error.ts';

/** Who holds a volume. */
export interface VolumeHolder {
  readonly runUid: string;
  readonly pod: string;
}

export interface VolumeLock {
  /** Lets the next process in. Calling it twice is fine. */
  release(): void;
}

/** What is locked here stays referenced: a database that nothing refers to is collected, and its lock with it (seen). */
const held = new Set<DatabaseSync>();

/** Another living process has the volume: two runs at once would throw each other out of WhatsApp. */
export class VolumeLockedError extends BerthError {
  readonly code = 'VOLUME_LOCKED';
  readonly retryable = true; // The lock goes with the process that holds it.
  constructor(directory: string, holder: string, options: ErrorOptions) {
    super(`Cannot lock the volume "${directory}": ${holder} holds it; end that process first`, options);
  }
}

/** The volume cannot be written. */
export class VolumeUnusableError extends BerthError {
  readonly code = 'VOLUME_UNUSABLE';
  readonly retryable = true;
  constructor(directory: string, what: string, options: ErrorOptions) {
    super(`Cannot use the volume "${directory}": ${what}; check that it is mounted, writable and not full`, options);
  }
}

/**
 * Takes the volume for this process alone, until `release()` or the end of the process, however it ends.
 *
 * The lock is the kernel's lock on the byte range of an SQLite file, taken by a transaction that stays open: Node has no
 * flock of its own, and a file that merely exists would outlive a SIGKILL. Nothing is ever written into that file, so
 * there is nothing in it to corrupt. The lock works between containers of one node; between nodes it is as good as the
 * file system's.
 * @throws {VolumeLockedError} another process holds it; the message says which, if it left its name
 * @throws {VolumeUnusableError} the directory is missing, read-only or full
 */
export function lockVolume(directory: string, holder: VolumeHolder): VolumeLock {
  const holderFile = join(directory, 'holder.json');
  const database = openLockFile(directory);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusyDatabase(error)) throw new VolumeLockedError(directory, nameOfHolder(holderFile), { cause: error });
    throw new VolumeUnusableError(directory, reasonOf(error), { cause: error });
  }
  try {
    // Only for the message of whoever is refused; the lock does not depend on it.
    writeFileSync(holderFile, JSON.stringify({ ...holder, pid: process.pid }));
  } catch (error) {
    database.close();
    throw new VolumeUnusableError(directory, reasonOf(error), { cause: error });
  }
  held.add(database);
  return {
    release() {
      held.delete(database);
      if (database.isOpen) database.close();
    },
  };
}

function openLockFile(directory: string): DatabaseSync {
  try {
    return new DatabaseSync(join(directory, 'volume.lock'), { timeout: 0 });
  } catch (error) {
    throw new VolumeUnusableError(directory, reasonOf(error), { cause: error });
  }
}

function nameOfHolder(holderFile: string): string {
  try {
    const { runUid, pod } = JSON.parse(readFileSync(holderFile, 'utf8')) as Partial<VolumeHolder>;
    return `the run "${runUid}" of pod "${pod}"`;
  } catch {
    return 'another process'; // It took the lock a moment ago and has not written its name yet.
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
