import type { Contact } from './contact.ts';
import type { KeyPair } from './root-key.ts';

/** The public keys a client shows when it registers: what a contact needs to write to it. */
export interface DeviceKeys {
  readonly identityKey: Buffer;
  readonly registrationId: number;
  readonly signedPreKey: { readonly id: number; readonly key: Buffer; readonly signature: Buffer };
}

/** A message on its way to a device; it stays until the device says it has it. */
export interface PendingMessage {
  readonly id: string;
  readonly from: string;
  /** An encoded proto.Message, which is encrypted anew each time it is sent. */
  readonly content: Buffer;
  readonly kind: 'text' | 'media';
  /** How often the device could not use it; after the fifth time it is given up. */
  refusals: number;
}

/** One linked device: what a session is, seen from the server. */
export interface Device extends DeviceKeys {
  readonly phone: string;
  readonly id: number;
  /** Its address, for instance "15550001000:1@s.whatsapp.net". */
  readonly address: string;
  readonly lid: string;
  readonly noiseKey: Buffer;
  /** One-time keys, by id: each is handed to one contact. */
  readonly preKeys: Map<number, Buffer>;
  readonly pending: Map<string, PendingMessage>;
}

/** One phone number, with the key by which its phone vouches for its devices. */
export interface Account {
  readonly phone: string;
  readonly key: KeyPair;
  readonly devices: Map<number, Device>;
  nextDeviceId: number;
}

/** All that outlives a connection. */
export interface World {
  readonly accounts: Map<string, Account>;
  readonly contacts: Map<string, Contact>;
}

/** The device a test means by a phone number: the one linked last. */
export function latestDevice({ accounts }: World, phone: string): Device | undefined {
  return [...(accounts.get(phone)?.devices.values() ?? [])].at(-1);
}
