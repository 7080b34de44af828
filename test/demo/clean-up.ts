/** Undoes what a demo started, last first. */
export interface CleanUp {
  /** Remembers how to take something down; it is left where everything is to be kept. */
  later(what: string, undo: () => Promise<void>): void;
  /** Remembers what to close in any case. */
  always(close: () => void | Promise<void>): void;
  /** Does it, once, however often it is asked. What fails is told, and does not keep the rest from being done. */
  run(keeps: boolean): Promise<void>;
}

export function createCleanUp(print: (line: string) => void): CleanUp {
  const undoings: { readonly what: string; readonly undo: () => void | Promise<void>; readonly isSilent: boolean }[] =
    [];
  let running: Promise<void> | undefined;

  async function undoAll(keeps: boolean): Promise<void> {
    for (const { what, undo, isSilent } of undoings.toReversed()) {
      if (keeps && !isSilent) continue;
      if (!isSilent) print(`Taking down ${what}`);
      try {
        await undo();
      } catch (error) {
        print(`Could not take down ${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return {
    later: (what, undo) => void undoings.push({ what, undo, isSilent: false }),
    always: (undo) => void undoings.push({ what: 'a connection', undo, isSilent: true }),
    run: (keeps) => (running ??= undoAll(keeps)),
  };
}
