import type { LastWords } from '@berth/protocol';
import type { Log } from '../publish/log.ts';
import { writeLastWords } from './last-words.ts';
import type { ShutdownStep } from './shutdown.ts';
import { runSteps } from './shutdown.ts';

export interface RunEndOptions {
  readonly terminationLog: string;
  /** In order; what they have to save must not need more than one try. */
  readonly steps: readonly ShutdownStep[];
  /** Ends the process. */
  readonly exit: (code: number) => void;
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface RunEnd {
  /**
   * Says the last words, does the steps, and exits within `withinMs` in any case.
   * Called again it can only bring the exit forward: the first words and the first exit code stay.
   */
  begin(words: LastWords, exitCode: number, withinMs: number): void;
  /** Puts other words in the place of the first ones: the truth was learnt only afterwards. */
  correct(words: LastWords): void;
}

/** Kept back of the time given, for the exit itself. */
const reserveMs = 200;

/** The one way out of the process. The words come first: whatever the steps do to each other, the reason is on record. */
export function createRunEnd({ terminationLog, steps, exit, nowMs, log }: RunEndOptions): RunEnd {
  let exitAtMs = Number.POSITIVE_INFINITY;
  let exitTimer: NodeJS.Timeout | undefined;
  let firstExitCode: number | undefined;

  function exitBy(atMs: number, code: number): void {
    if (atMs >= exitAtMs) return;
    exitAtMs = atMs;
    clearTimeout(exitTimer);
    exitTimer = setTimeout(
      () => {
        log.error('Shutdown ran out of time');
        exit(code);
      },
      Math.max(0, atMs - nowMs()),
    );
  }

  function say(words: LastWords): void {
    try {
      writeLastWords(terminationLog, words);
    } catch (error) {
      log.error({ err: error }, 'Last words cannot be written');
    }
  }

  async function finish(code: number): Promise<void> {
    await runSteps(steps, () => exitAtMs - reserveMs, nowMs, log);
    clearTimeout(exitTimer);
    exit(code);
  }

  return {
    begin(words, exitCode, withinMs) {
      const isFirst = firstExitCode === undefined;
      firstExitCode ??= exitCode;
      exitBy(nowMs() + withinMs, firstExitCode);
      if (!isFirst) return;
      log.info({ ...words, exitCode, withinMs }, 'Run ends');
      say(words);
      void finish(exitCode);
    },
    correct(words) {
      log.info({ ...words }, 'Run ends for another reason');
      say(words);
    },
  };
}
