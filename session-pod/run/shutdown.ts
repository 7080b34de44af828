import type { Log } from '../publish/log.ts';
import { withDeadline } from './deadline.ts';

/** One thing to do before the end. */
export interface ShutdownStep {
  /** Completes "Cannot …". */
  readonly what: string;
  readonly withinMs: number;
  /** Milliseconds before the end of all that it leaves to the steps after it. */
  readonly leavesMs?: number;
  /** @param withinMs what it has got, so that it can end by itself in time */
  readonly run: (withinMs: number) => Promise<void> | void;
}

/**
 * Does the steps in order, each whatever became of the others, and gives each its own time or what is left of `deadlineMs`
 * as it begins, whichever is less. A step that is under way is not shortened when `deadlineMs` comes closer: the caller's
 * exit is what ends it then. Never throws: a step that failed is in the log, and in the result.
 * @param deadlineMs when the last step is to be over, by `nowMs`; asked anew before each step, as it may come closer
 */
export async function runSteps(
  steps: readonly ShutdownStep[],
  deadlineMs: () => number,
  nowMs: () => number,
  log: Log,
): Promise<{ readonly failed: readonly string[] }> {
  const failed: string[] = [];
  for (const { what, withinMs, leavesMs = 0, run } of steps) {
    // A step whose time is up is still begun: most of them do their work at once.
    const leftMs = Math.max(1, Math.min(withinMs, deadlineMs() - leavesMs - nowMs()));
    try {
      await withDeadline(Promise.resolve(run(leftMs)), leftMs, what);
    } catch (error) {
      failed.push(what);
      log.error({ err: error, step: what }, 'Step of the shutdown failed');
    }
  }
  return { failed };
}
