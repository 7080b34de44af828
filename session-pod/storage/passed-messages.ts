import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Log } from '../publish/log.ts';

/** Which messages were passed on, over the end of the process. */
export interface PassedMessages {
  /** Remembers a message; false when it was passed on before. */
  isNew(id: string, sentAtMs: number): boolean;
  /**
   * Gives what tells whether a message may have been missed: it was sent when its sender's messages were passed on already, and
   * it was not among them. What is passed on after this call, and forgotten for want of room, makes no other message old.
   */
  wasMissed(): (id: string, sentAtMs: number) => boolean;
  /** What was sent before is no news: the account was linked only now. */
  beginAt(nowMs: number): void;
  /** Writes what has not been written yet. Never throws: at worst messages are passed on twice. */
  flush(): void;
}

interface Kept {
  /** From when on messages are passed on, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Id and time of each, oldest first. */
  readonly passed: readonly (readonly [string, number])[];
}

/** Milliseconds from a message to the writing of it and of those that come meanwhile. */
const writtenWithinMs = 1_000;

/**
 * Remembers the last messages that were passed on, in a small file that is written a second later. So a process that is
 * killed may pass on the messages of its last second once more.
 * @param file is made when it is not there, or not readable
 * @param sinceMs what was sent before is no news, unless the file says from when on
 * @param capacity messages that are remembered; what is older than all of them counts as passed on
 */
export function openPassedMessages(file: string, sinceMs: number, log: Log, capacity = 1_000): PassedMessages {
  const kept = read(file);
  const passed = new Map(kept?.passed);
  let fromMs = kept?.sinceMs ?? sinceMs;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    if (!timer) return;
    clearTimeout(timer);
    timer = undefined;
    try {
      const draft = `${file}.new`;
      writeFileSync(draft, JSON.stringify({ sinceMs: fromMs, passed: [...passed] } satisfies Kept));
      renameSync(draft, file);
    } catch (error) {
      log.warn({ err: error }, 'Messages that were passed on cannot be noted');
    }
  }

  return {
    isNew(id, sentAtMs) {
      if (passed.has(id)) return false;
      passed.set(id, sentAtMs);
      const [oldest] = passed;
      if (passed.size > capacity && oldest) {
        passed.delete(oldest[0]);
        fromMs = Math.max(fromMs, oldest[1]);
      }
      timer ??= setTimeout(flush, writtenWithinMs);
      return true;
    },
    wasMissed() {
      const sinceThenMs = fromMs;
      return (id, sentAtMs) => sentAtMs >= sinceThenMs && !passed.has(id);
    },
    beginAt(nowMs) {
      fromMs = Math.floor(nowMs / 1_000) * 1_000; // WhatsApp stamps messages in whole seconds.
      timer ??= setTimeout(flush, writtenWithinMs);
    },
    flush,
  };
}

function read(file: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Kept>;
    return Number.isFinite(kept.sinceMs) && Array.isArray(kept.passed) ? (kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}
