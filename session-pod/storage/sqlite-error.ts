/** SQLite's primary result codes that say the file itself is damaged: SQLITE_CORRUPT and SQLITE_NOTADB. */
const damagedCodes: readonly number[] = [11, 26];
/** SQLITE_BUSY and SQLITE_LOCKED: somebody else holds the file. */
const busyCodes: readonly number[] = [5, 6];

/** Whether SQLite found the database file damaged, as opposed to out of reach, full or locked. */
export function isDamagedDatabase(error: unknown): boolean {
  return damagedCodes.includes(primaryCode(error));
}

/** Whether another connection holds the database. */
export function isBusyDatabase(error: unknown): boolean {
  return busyCodes.includes(primaryCode(error));
}

/** The low byte of SQLite's extended result code, which node:sqlite gives as `errcode`; 0 for any other error. */
function primaryCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0;
  return error.errcode & 0xff;
}
