import { createHmac, randomBytes } from 'node:crypto';
import {
  type BinaryNode,
  Curve,
  proto,
  WA_ADV_ACCOUNT_SIG_PREFIX,
  WA_ADV_DEVICE_SIG_PREFIX,
} from '@whiskeysockets/baileys';
import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import type { Account, Device, DeviceKeys, World } from './account.ts';
import { lidAddress, phoneAddress } from './address.ts';
import type { Connection } from './connection.ts';
import type { ClientHandshake } from './noise-responder.ts';
import { newKeyPair } from './root-key.ts';
import { isSignedBy } from './signature.ts';
import { bytesOf, childOf, ProtocolError, serverDomain, stanza, stanzaTime } from './stanza.ts';

/** QR codes a client gets for one registration; Baileys shows the first for 60 s, the others for 20 s each. */
const referencesOffered = 6;
const maxAccounts = 20_000;

interface Registration {
  readonly connection: Connection;
  readonly noiseKey: Buffer;
  readonly keys: DeviceKeys;
  readonly references: readonly string[];
  /** Set once the phone has scanned. */
  scanned?: {
    readonly stanzaId: string;
    readonly account: Account;
    readonly details: Uint8Array;
    readonly device: Device;
  };
}

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
    const { keys, connection } = registration;
    if (!noiseKey.equals(registration.noiseKey) || !identityKey.equals(keys.identityKey)) {
      throw new BadRequestError('qr', 'its keys are not those of the client', 'take the one it shows');
    }
    forgetReferences(registration);
    const account = accountOf(phone);
    const id = account.nextDeviceId++;
    const device = newDevice(phone, id, registration);
    const details = identityDetails(id);
    const stanzaId = connection.newStanzaId();
    registration.scanned = { stanzaId, account, details, device };
    const content = [
      stanza('device-identity', {}, vouch(account, details, keys.identityKey, secret)),
      stanza('device', { jid: device.address, lid: device.lid }),
      stanza('platform', { name: 'android' }),
    ];
    connection.send(setRequest(stanzaId, stanza('pair-success', {}, content)));
    return device.address;
  }

  /** Takes the client's answer to the scan: its own signature under the identity. Gives false for any other answer. */
  function complete(connection: Connection, answer: BinaryNode): boolean {
    const scanned = byConnection.get(connection)?.scanned;
    if (!scanned || scanned.stanzaId !== answer.attrs['id']) return false;
    const { account, details, device } = scanned;
    const identity = proto.ADVSignedDeviceIdentity.decode(
      bytesOf(childOf(childOf(answer, 'pair-device-sign'), 'device-identity')),
    );
    const signed = Buffer.concat([WA_ADV_DEVICE_SIG_PREFIX, details, device.identityKey, account.key.public]);
    if (!identity.deviceSignature || !isSignedBy(device.identityKey, signed, identity.deviceSignature)) {
      throw new ProtocolError('link a device', 'its signature is not of its identity key');
    }
    account.devices.set(device.id, device);
    onPaired(connection, device);
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

  return { offer, scan, complete, forget };
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

function setRequest(id: string, content: BinaryNode): BinaryNode {
  return stanza('iq', { from: serverDomain, type: 'set', id, xmlns: 'md' }, [content]);
}

function deviceKeys({ devicePairingData }: proto.IClientPayload): DeviceKeys {
  const { eIdent, eRegid, eSkeyId, eSkeyVal, eSkeySig } = devicePairingData ?? {};
  if (!eIdent || eRegid?.length !== 4 || eSkeyId?.length !== 3 || !eSkeyVal || !eSkeySig) {
    throw new ProtocolError('register a client', 'its pairing data lacks a key');
  }
  return {
    identityKey: Buffer.from(eIdent),
    registrationId: Buffer.from(eRegid).readUInt32BE(),
    signedPreKey: {
      id: Buffer.from(eSkeyId).readUIntBE(0, 3),
      key: Buffer.from(eSkeyVal),
      signature: Buffer.from(eSkeySig),
    },
  };
}

function newDevice(phone: string, id: number, { noiseKey, keys }: Registration): Device {
  const addresses = { address: phoneAddress(phone, id), lid: lidAddress(phone, id) };
  return { phone, id, ...addresses, noiseKey, ...keys, preKeys: new Map(), pending: new Map() };
}

function identityDetails(deviceId: number): Uint8Array {
  const rawId = randomBytes(4).readUInt32BE();
  const type = { accountType: proto.ADVEncryptionType.E2EE, deviceType: proto.ADVEncryptionType.E2EE };
  return proto.ADVDeviceIdentity.encode({ rawId, timestamp: stanzaTime(), keyIndex: deviceId, ...type }).finish();
}

/** Signs the device's identity with the account's key, under the secret that only the screen and the phone have seen. */
function vouch(account: Account, details: Uint8Array, identityKey: Buffer, secret: Buffer): Uint8Array {
  const toSign = Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, identityKey]);
  const accountSignature = Curve.sign(account.key.private, toSign);
  const accountSignatureKey = account.key.public;
  const signed = proto.ADVSignedDeviceIdentity.encode({ details, accountSignatureKey, accountSignature }).finish();
  const hmac = createHmac('sha256', secret).update(signed).digest();
  return proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish();
}
