import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VolumeUnusableError } from './volume-lock.ts';

/** One line of `runs.jsonl`. Times are milliseconds since the epoch, the clock of the process that wrote them. */
export interface RunRecord {
  readonly runUid: string;
  /** The run holds the volume from here on. */
  readonly startedAtMs?: number;
  /** The run let the volume go by itself; absent for ever when the process was killed. */
  readonly endedAtMs?: number;
}

const keptRecords = 200;

/**
 * Appends to the history of the runs of a volume, the witness that no two of them overlapped.
 * Call it only while holding the volume's lock. The history is cut to the last 200 records.
 * @throws {VolumeUnusableError} the volume is full, or cannot be written for another reason
 */
export function recordRun(directory: string, record: RunRecord): void {
  const file = runsFile(directory);
  try {
    const records = readRuns(directory);
    if (records.length < keptRecords) return appendFileSync(file, line(record), { flush: true });
    const kept = [...records.slice(1 - keptRecords), record];
    return writeFileSync(file, kept.map(line).join(''), { flush: true });
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new VolumeUnusableError(directory, what, { cause: error });
  }
}

/** The runs of a volume, oldest first. A line that a crash cut short is left out. */
export function readRuns(directory: string): RunRecord[] {
  let text: string;
  try {
    text = readFileSync(runsFile(directory), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((each) => {
    try {
      return [JSON.parse(each) as RunRecord];
    } catch {
      return [];
    }
  });
}

function runsFile(directory: string): string {
  return join(directory, 'runs.jsonl');
}

/** Starts with a line break, so that a line cut short by a crash spoils no other. */
function line(record: RunRecord): string {
  return `\n${JSON.stringify(record)}`;
}
