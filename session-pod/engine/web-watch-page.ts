import { PageUnresponsiveError } from './web-page-unresponsive-error.ts';

/** Whom to ask, how often, and how patiently; times in milliseconds. */
export interface PageWatchOptions {
  /** Asks the page for its state. @throws {PageUnresponsiveError} it does not answer in time */
  readonly ask: (withinMs: number) => Promise<string>;
  /** Called with each answer. */
  readonly onState: (state: string) => void;
  /** Called once: it has not answered for `patienceMs`. */
  readonly onUnresponsive: (forMs: number) => void;
  /** From an answer to the next question; 1 s unless told. */
  readonly everyMs?: number;
  /** The longest that one question stays open; 5 s unless told. */
  readonly answersWithinMs?: number;
  /**
   * 30 s unless told: the page is busy for seconds when it decrypts what came in while it was away, so one answer missed
   * says nothing.
   */
  readonly patienceMs?: number;
}

/** Asks a page again and again, until it is stopped. A page that answers with an error answers: its script is loading. */
export function watchPage(options: PageWatchOptions): { readonly stop: () => void } {
  const { ask, onState, onUnresponsive, everyMs = 1_000, answersWithinMs = 5_000, patienceMs = 30_000 } = options;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let silentSinceMs: number | undefined;

  async function look(): Promise<void> {
    const askedAtMs = Date.now();
    try {
      const state = await ask(answersWithinMs);
      silentSinceMs = undefined;
      if (!isStopped) onState(state);
    } catch (error) {
      if (error instanceof PageUnresponsiveError) silentSinceMs ??= askedAtMs;
      else silentSinceMs = undefined;
    }
    const silentMs = silentSinceMs === undefined ? 0 : Date.now() - silentSinceMs;
    if (isStopped) return;
    if (silentMs >= patienceMs) onUnresponsive(silentMs);
    else timer = setTimeout(() => void look(), everyMs);
  }

  timer = setTimeout(() => void look(), everyMs);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
