import type { Log } from '../publish/log.ts';
import { withDeadline } from './deadline.ts';

/** One thing to do before the end. */
export interface ShutdownStep {
  /** Completes "Cannot …". */
  readonly what: string;
  readonly withinMs: number;
  readonly run: () => Promise<void> | void;
}

/**
 * Does the steps in order, each whatever became of the others, each within its own deadline and none beyond `deadlineMs`.
 * Never throws: a step that failed is in the log, and in the result.
 * @param deadlineMs when the last step must be over, by `nowMs`
 */
export async function runSteps(
  steps: readonly ShutdownStep[],
  deadlineMs: number,
  nowMs: () => number,
  log: Log,
): Promise<{ readonly failed: readonly string[] }> {
  const failed: string[] = [];
  for (const { what, withinMs, run } of steps) {
    // A step whose time is up is still begun: most of them do their work at once.
    const leftMs = Math.max(1, Math.min(withinMs, deadlineMs - nowMs()));
    try {
      await withDeadline(Promise.resolve(run()), leftMs, what);
    } catch (error) {
      failed.push(what);
      log.error({ err: error, step: what }, 'Step of the shutdown failed');
    }
  }
  return { failed };
}
