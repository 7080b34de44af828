import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './progress.ts';

const pollMs = 500;

/**
 * Does the work while no other process on this machine does work under the same lock file.
 * The lock is SQLite's: the operating system lets go of it when its holder dies, so none is ever stale.
 */
export async function withExclusiveLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    let waiting = false;
    while (!tryBegin(database)) {
      if (!waiting) say(`- Waiting for another make that holds ${file}`);
      waiting = true;
      await sleep(pollMs);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryBegin(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('locked')) return false;
    throw error;
  }
}
