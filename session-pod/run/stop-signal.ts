/** The signals that ask the process to end. */
export interface StopSignal {
  /** From now on this is what a signal does, whether it is the first or not. */
  handTo(stop: (signal: NodeJS.Signals) => void): void;
}

/**
 * Hears SIGTERM and SIGINT from now on. Without a listener Node would end at once, and nobody would know why.
 * @param early what a signal does as long as there is nothing yet that could be stopped in order
 */
export function listenForStopSignal(early: (signal: NodeJS.Signals) => void): StopSignal {
  let stop = early;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  return {
    handTo(next) {
      stop = next;
    },
  };
}
