import type { PageEvent, Phase } from './web-judge-page.ts';
import { phaseLimits } from './web-judge-page.ts';
import type { WebPage } from './web-page.ts';
import { watchPage } from './web-watch-page.ts';

/** The eyes on a page while it is in one phase. */
export interface PhaseWatch {
  /** Lets the phase's time begin anew. */
  readonly restartLimit: () => void;
  readonly stop: () => void;
}

/**
 * Sees that a page answers and gets on while it is in a phase, and tells its state each second. An open page is not asked:
 * it tells its state by itself, and whether it answers is asked by the readiness probe.
 */
export function watchPhase(page: WebPage, phase: Phase, onEvent: (event: PageEvent) => void): PhaseWatch {
  const limit = phaseLimits[phase];
  let timer: NodeJS.Timeout | undefined;

  function restartLimit(): void {
    clearTimeout(timer);
    if (limit) timer = setTimeout(() => onEvent({ type: 'TimeUp', limit }), limit.ms);
  }

  restartLimit();
  const asking =
    phase === 'open'
      ? undefined
      : watchPage({
          ask: (withinMs) => page.state(withinMs),
          onState: (state) => onEvent({ type: 'StateSeen', state }),
          onUnresponsive(forMs) {
            const seconds = Math.round(forMs / 1_000);
            onEvent({ type: 'Dead', message: `WhatsApp's page or its browser has not answered for ${seconds} s` });
          },
        });
  return {
    restartLimit,
    stop() {
      clearTimeout(timer);
      asking?.stop();
    },
  };
}
