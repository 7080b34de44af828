import { BerthError } from '@berth/protocol';
import { settlesWithin } from './settles-within.ts';

/** The page, or the browser around it, does not answer: it is wedged, frozen, or very busy. */
export class PageUnresponsiveError extends BerthError {
  readonly code = 'PAGE_UNRESPONSIVE';
  readonly retryable = true; // A busy page answers later.
  constructor(action: string, withinMs: number) {
    super(`Cannot ${action}: the page did not answer within ${withinMs} ms; end the run if that lasts`);
  }
}

/**
 * Gives what a page answers, or fails after `withinMs`: a question to a wedged page stays open until puppeteer's own
 * limit, a minute.
 * @param action completes "Cannot …"
 * @throws {PageUnresponsiveError} time ran out
 */
export async function answerWithin<T>(answer: Promise<T>, withinMs: number, action: string): Promise<T> {
  if (!(await settlesWithin(answer, withinMs))) throw new PageUnresponsiveError(action, withinMs);
  return await answer;
}
