import { randomBytes } from 'node:crypto';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import type { Account, Device, World } from './account.ts';
import type { Connection } from './connection.ts';
import type { ClientHandshake } from './noise-responder.ts';
import { deviceKeys, linkedBy, type Registration, setRequest, vouchFor } from './registration.ts';
import { newKeyPair } from './root-key.ts';
import { stanza } from './stanza.ts';

/** QR codes a client gets for one registration; Baileys shows the first for 60 s, the others for 20 s each. */
const referencesOffered = 6;
const maxAccounts = 20_000;

interface Dependencies {
  readonly world: World;
  readonly onPaired: (connection: Connection, device: Device) => void;
}

export type Pairing = ReturnType<typeof createPairing>;

/** Links new devices: gives out QR references, lets the phone scan, and checks the device's counter-signature. */
export function createPairing({ world, onPaired }: Dependencies) {
  const byReference = new Map<string, Registration>();
  const byConnection = new Map<Connection, Registration>();

  /** Answers a client that has no account yet with references for its QR codes. */
  function offer(connection: Connection, { noiseKey, payload }: ClientHandshake) {
    const references = Array.from({ length: referencesOffered }, () => `2@${randomBytes(32).toString('base64')}`);
    const registration: Registration = { connection, noiseKey, keys: deviceKeys(payload), references };
    byConnection.set(connection, registration);
    for (const reference of references) byReference.set(reference, registration);
    const content = references.map((reference) => stanza('ref', {}, Buffer.from(reference)));
    connection.send(setRequest(connection.newStanzaId(), stanza('pair-device', {}, content)));
  }

  /**
   * What the phone does with the QR it sees: it vouches for the device with the account's key.
   * @returns the address of the new device, which is linked once it has answered.
   * @throws {BadRequestError} not a QR of this protocol, or of other keys than the client's.
   * @throws {NotFoundError} the QR is used up, or its client is gone.
   */
  function scan(qr: string, phone: string): string {
    const { reference, noiseKey, identityKey, secret } = readQr(qr);
    const registration = byReference.get(reference);
    if (!registration?.connection.isOpen) {
      throw new NotFoundError('scan', 'no client waits under this QR', 'take the one it shows now');
    }
    if (!noiseKey.equals(registration.noiseKey) || !identityKey.equals(registration.keys.identityKey)) {
      throw new BadRequestError('qr', 'its keys are not those of the client', 'take the one it shows');
    }
    return link(registration, phone, secret);
  }

  /**
   * Vouches for a client by a secret that the phone has come to share with it.
   * @returns the address of the new device, which is linked once it has answered.
   */
  function link(registration: Registration, phone: string, secret: Uint8Array): string {
    forgetReferences(registration);
    return vouchFor(registration, accountOf(phone), secret).address;
  }

  /** Takes the client's answer: its own signature under the identity. Gives false for any other answer. */
  function complete(connection: Connection, answer: BinaryNode): boolean {
    const registration = byConnection.get(connection);
    const linked = registration && linkedBy(registration, answer);
    if (!linked) return false;
    linked.account.devices.set(linked.device.id, linked.device);
    onPaired(connection, linked.device);
    return true;
  }

  function forget(connection: Connection) {
    const registration = byConnection.get(connection);
    byConnection.delete(connection);
    if (registration) forgetReferences(registration);
  }

  function forgetReferences({ references }: Registration) {
    for (const reference of references) byReference.delete(reference);
  }

  /** The account of a phone number, which comes into being when it is asked for. */
  function accountOf(phone: string): Account {
    const known = world.accounts.get(phone);
    if (known) return known;
    if (world.accounts.size >= maxAccounts) {
      throw new BadRequestError(
        'phone',
        `there are ${maxAccounts} accounts`,
        'use one of them, or start a new stand-in',
      );
    }
    const account: Account = { phone, key: newKeyPair(), devices: new Map(), nextDeviceId: 1 };
    world.accounts.set(phone, account);
    return account;
  }

  const registrationOf = (connection: Connection) => byConnection.get(connection);
  return { offer, scan, link, complete, forget, accountOf, registrationOf };
}

/** The QR holds a link, "#", and four parts: reference, noise key, identity key, and the secret that authenticates the answer. */
function readQr(qr: string) {
  const [reference = '', ...keys] = qr.slice(qr.lastIndexOf('#') + 1).split(',');
  const [noiseKey, identityKey, secret] = keys.map((key) => Buffer.from(key, 'base64'));
  if (noiseKey?.length !== 32 || identityKey?.length !== 32 || secret?.length !== 32) {
    throw new BadRequestError('qr', 'it is not "reference,key,key,secret"', 'give the QR string as Baileys told it');
  }
  return { reference, noiseKey, identityKey, secret };
}
