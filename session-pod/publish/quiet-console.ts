import type { Log } from './log.ts';
import { masked } from './masked-text.ts';

const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;

/**
 * Takes the console away from the libraries: libsignal prints whole sessions with their private keys when it opens or
 * closes one ("Closing session:", seen in libsignal 6.0.0, src/session_record.js). Only the beginning of the sentence
 * goes to the log, at debug, without numbers; never the values after it.
 */
export function quietConsole(log: Log): void {
  for (const method of methods) {
    console[method] = (first: unknown) => {
      const said = typeof first === 'string' ? masked(first.slice(0, 60)) : typeof first;
      log.debug({ said }, 'Library printed');
    };
  }
}
