import { existsSync, readFileSync } from 'node:fs';
import { StateFileError } from '../stand-ins/state-saver.ts';
import { type LinkedDevice, LinkedDevices, type PendingMessage } from './linked-devices.ts';

const version = 1;
interface Snapshot {
  readonly version: number;
  readonly devices: readonly (Omit<LinkedDevice, 'pending'> & { readonly pending: readonly PendingMessage[] })[];
  readonly lastIds: readonly (readonly [string, number])[];
}

/**
 * Reads what an earlier stand-in left, so that its devices can log in again; nothing where there is no file.
 * Files that were on their way are not kept: a message of one that arrives later cannot be downloaded.
 * @throws {StateFileError} the file is broken or of another version.
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
    throw new StateFileError(path, { cause });
  }
}

/** The whole state as `readDevices` reads it. */
export function devicesText(devices: LinkedDevices): string {
  const snapshot: Snapshot = {
    version,
    devices: devices.all().map((device) => ({ ...device, pending: [...device.pending.values()] })),
    lastIds: [...devices.lastIds()],
  };
  return JSON.stringify(snapshot);
}
