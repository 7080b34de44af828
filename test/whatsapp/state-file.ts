import { existsSync, readFileSync } from 'node:fs';
import { BufferJSON } from '@whiskeysockets/baileys';
import { StateFileError } from '../stand-ins/state-saver.ts';
import type { Account, Device, PendingMessage, World } from './account.ts';
import { Contact, type ContactSnapshot } from './contact.ts';

const version = 2;
type DeviceSnapshot = Omit<Device, 'preKeys' | 'pending'> & {
  readonly preKeys: readonly (readonly [number, Buffer])[];
  readonly pending: readonly PendingMessage[];
};
type AccountSnapshot = Omit<Account, 'devices'> & { readonly devices: readonly DeviceSnapshot[] };
interface Snapshot {
  readonly version: number;
  readonly accounts: readonly AccountSnapshot[];
  readonly contacts: readonly ContactSnapshot[];
}

export function emptyWorld(): World {
  return { accounts: new Map(), contacts: new Map() };
}

/**
 * Reads what an earlier stand-in left, so that its devices can log in again; nothing where there is no file.
 * @throws {StateFileError} the file is broken or of another version.
 */
export function readWorld(path: string): World {
  if (!existsSync(path)) return emptyWorld();
  try {
    const snapshot = JSON.parse(readFileSync(path, 'utf8'), BufferJSON.reviver) as Snapshot;
    if (snapshot.version !== version) throw new Error(`Cannot use version ${snapshot.version}`);
    return {
      accounts: new Map(snapshot.accounts.map((account) => [account.phone, restoreAccount(account)])),
      contacts: new Map(snapshot.contacts.map((contact) => [contact.phone, new Contact(contact.phone, contact)])),
    };
  } catch (cause) {
    throw new StateFileError(path, { cause });
  }
}

/** The whole state as `readWorld` reads it. */
export const worldText = (world: World): string => JSON.stringify(snapshotOf(world), BufferJSON.replacer);

function snapshotOf({ accounts, contacts }: World): Snapshot {
  return {
    version,
    accounts: [...accounts.values()].map((account) => ({
      ...account,
      devices: [...account.devices.values()].map((device) => ({
        ...device,
        preKeys: [...device.preKeys],
        pending: [...device.pending.values()],
      })),
    })),
    contacts: [...contacts.values()].map((contact) => contact.snapshot()),
  };
}

function restoreAccount(account: AccountSnapshot): Account {
  const devices = account.devices.map((device): [number, Device] => [
    device.id,
    {
      ...device,
      preKeys: new Map(device.preKeys),
      pending: new Map(device.pending.map((message) => [message.id, message])),
    },
  ]);
  return { ...account, devices: new Map(devices) };
}
