import type { ShutdownStep } from './shutdown.ts';

export interface EngineEndOptions {
  /** Of the engine: by force after so many milliseconds. Called again it can only bring the end forward. */
  readonly close: (withinMs: number) => Promise<void>;
  /** Milliseconds that it may take to close in order. */
  readonly closeWithinMs: number;
  /** Milliseconds that its end by force takes. */
  readonly forcedEndMs: number;
  /** Milliseconds of the stop that are left to the steps after it. */
  readonly leavesMs: number;
}

export interface EngineEnd {
  readonly step: ShutdownStep;
  /** The stop that is under way has `withinMs` milliseconds from now, which may be less than it had. */
  readonly hurry: (withinMs: number) => void;
  /** Resolves once the engine is closed: until then it may write to its login, whatever has become of its step. */
  readonly closed: () => Promise<void>;
}

/**
 * Closes the engine in what a stop leaves for it. A browser writes its profile as it closes, which takes long on a machine that is
 * busy; in a stop that is too short for that it is ended by force at once.
 */
export function createEngineEnd({ close, closeWithinMs, forcedEndMs, leavesMs }: EngineEndOptions): EngineEnd {
  let closing: Promise<void> | undefined;
  const closeWithin = (withinMs: number) => close(Math.max(0, withinMs - forcedEndMs));
  return {
    step: {
      what: 'close the engine',
      withinMs: closeWithinMs + forcedEndMs,
      leavesMs,
      run(withinMs) {
        closing = closeWithin(withinMs);
        return closing;
      },
    },
    hurry(withinMs) {
      if (closing) void closeWithin(withinMs - leavesMs);
    },
    async closed() {
      await closing;
    },
  };
}
