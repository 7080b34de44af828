import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { clearTimeout, setTimeout } from 'node:timers';
import { BerthError } from '@berth/protocol';
import { type LinkedDevice, LinkedDevices, type PendingMessage } from './linked-devices.ts';

const version = 1;
/** From a change to the writing, in milliseconds: the state is written whole. */
const coalesceMs = 250;

export class WebStateFileError extends BerthError {
  readonly code = 'STAND_IN_STATE_FILE';
  readonly retryable = false;
  constructor(path: string, options: ErrorOptions) {
    super(`Cannot read the state in "${path}": it is not of this version; remove the file`, options);
  }
}

interface Snapshot {
  readonly version: number;
  readonly devices: readonly (Omit<LinkedDevice, 'pending'> & { readonly pending: readonly PendingMessage[] })[];
  readonly lastIds: readonly (readonly [string, number])[];
}

/**
 * Reads what an earlier stand-in left, so that its devices can log in again; nothing where there is no file.
 * Files that were on their way are not kept: a message of one that arrives later cannot be downloaded.
 * @throws {WebStateFileError} the file is broken or of another version.
 */
export function readDevices(path: string): LinkedDevices {
  const devices = new LinkedDevices();
  if (!existsSync(path)) return devices;
  try {
    const snapshot = JSON.parse(readFileSync(path, 'utf8')) as Snapshot;
    if (snapshot.version !== version) throw new Error(`Cannot use version ${snapshot.version}`);
    const restored = snapshot.devices.map(({ pending, ...device }) => ({
      ...device,
      pending: new Map(pending.map((message) => [message.id, message])),
    }));
    devices.restore(restored, snapshot.lastIds);
    return devices;
  } catch (cause) {
    throw new WebStateFileError(path, { cause });
  }
}

/** Writes the whole state 250 ms after a change; `flush` does it at once. */
export function createDevicesSaver(path: string, devices: LinkedDevices) {
  let timer: NodeJS.Timeout | undefined;

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    const snapshot: Snapshot = {
      version,
      devices: devices.all().map((device) => ({ ...device, pending: [...device.pending.values()] })),
      lastIds: [...devices.lastIds()],
    };
    // Renamed into place: a stand-in that is killed leaves the old file or the new one.
    writeFileSync(`${path}.new`, JSON.stringify(snapshot), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  return {
    changed: () => {
      timer ??= setTimeout(flush, coalesceMs);
    },
    flush,
  };
}
