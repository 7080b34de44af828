import { BerthError } from '@berth/protocol';

/** More is waiting already than can be worked off in time. */
export class OverloadedError extends BerthError {
  readonly code = 'OVERLOADED';
  readonly retryable = true;
  constructor(what: string) {
    super(`Cannot ${what}: too many others wait for the same; try again in some seconds`);
  }
}

export interface ConcurrencyLimit {
  /** Runs `work` when its turn has come. @throws {OverloadedError} the line is full, or whatever `work` throws */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** Lets at most `atOnce` run and at most `inLine` wait, first in first out. */
export function createConcurrencyLimit(what: string, atOnce: number, inLine: number): ConcurrencyLimit {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async run(work) {
      if (running >= atOnce) {
        if (waiting.length >= inLine) throw new OverloadedError(what);
        await new Promise<void>((resolve) => waiting.push(resolve)); // Takes over the place of the one that ended.
      } else {
        running++;
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}
