import { renameSync, writeFileSync } from 'node:fs';
import { clearTimeout, setTimeout } from 'node:timers';
import { BerthError } from '@berth/protocol';

/** From a change to the writing, in milliseconds: the state is written whole, some 90 kB for each device of Baileys. */
const coalesceMs = 250;

/** What an earlier stand-in left cannot be read. */
export class StateFileError extends BerthError {
  readonly code = 'STAND_IN_STATE_FILE';
  readonly retryable = false;
  constructor(path: string, options: ErrorOptions) {
    super(`Cannot read the state in "${path}": it is not of this version; remove the file`, options);
  }
}

/** Writes the whole state 250 ms after a change; `flush` does it at once. */
export function createStateSaver(path: string, stateText: () => string) {
  let timer: NodeJS.Timeout | undefined;

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    // Renamed into place: a stand-in that is killed leaves the old file or the new one.
    writeFileSync(`${path}.new`, stateText(), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  return {
    changed: () => {
      timer ??= setTimeout(flush, coalesceMs);
    },
    flush,
  };
}
