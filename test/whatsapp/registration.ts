import { createHmac, randomBytes } from 'node:crypto';
import {
  type BinaryNode,
  Curve,
  proto,
  WA_ADV_ACCOUNT_SIG_PREFIX,
  WA_ADV_DEVICE_SIG_PREFIX,
} from '@whiskeysockets/baileys';
import type { Account, Device, DeviceKeys } from './account.ts';
import { lidAddress, phoneAddress } from './address.ts';
import type { Connection } from './connection.ts';
import { isSignedBy } from './signature.ts';
import { bytesOf, childOf, ProtocolError, serverDomain, stanza, stanzaTime } from './stanza.ts';

/** A client that has no account yet. */
export interface Registration {
  readonly connection: Connection;
  readonly noiseKey: Buffer;
  readonly keys: DeviceKeys;
  /** Of the QR codes it may show. */
  readonly references: readonly string[];
  /** Set once the phone has vouched for it. */
  vouched?: Vouched;
}

/** What the phone said of a device, which has to sign it in its turn. */
interface Vouched {
  readonly stanzaId: string;
  readonly account: Account;
  readonly details: Uint8Array;
  readonly device: Device;
}

/**
 * Lets the account's key vouch for the client, under a secret that only the client and the phone know.
 * @returns the device it will be once it has answered.
 */
export function vouchFor(registration: Registration, account: Account, secret: Uint8Array): Device {
  const { connection, keys } = registration;
  const id = account.nextDeviceId++;
  const device = newDevice(account.phone, id, registration);
  const details = identityDetails(id);
  const stanzaId = connection.newStanzaId();
  registration.vouched = { stanzaId, account, details, device };
  const content = [
    stanza('device-identity', {}, signedIdentity(account, details, keys.identityKey, secret)),
    stanza('device', { jid: device.address, lid: device.lid }),
    stanza('platform', { name: 'android' }),
  ];
  connection.send(setRequest(stanzaId, stanza('pair-success', {}, content)));
  return device;
}

/**
 * Gives the linked device when the answer is the client's signature under what the phone said; undefined for another answer.
 * @throws {ProtocolError} the signature is not of the client's identity.
 */
export function linkedBy({ vouched }: Registration, answer: BinaryNode): Vouched | undefined {
  if (!vouched || vouched.stanzaId !== answer.attrs['id']) return undefined;
  const { account, details, device } = vouched;
  const identity = proto.ADVSignedDeviceIdentity.decode(
    bytesOf(childOf(childOf(answer, 'pair-device-sign'), 'device-identity')),
  );
  const signed = Buffer.concat([WA_ADV_DEVICE_SIG_PREFIX, details, device.identityKey, account.key.public]);
  if (!identity.deviceSignature || !isSignedBy(device.identityKey, signed, identity.deviceSignature)) {
    throw new ProtocolError('link a device', 'its signature is not of its identity key');
  }
  return vouched;
}

/** @throws {ProtocolError} a key is missing. */
export function deviceKeys({ devicePairingData }: proto.IClientPayload): DeviceKeys {
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

export function setRequest(id: string, content: BinaryNode): BinaryNode {
  return stanza('iq', { from: serverDomain, type: 'set', id, xmlns: 'md' }, [content]);
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

function signedIdentity(account: Account, details: Uint8Array, identityKey: Buffer, secret: Uint8Array): Uint8Array {
  const toSign = Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, identityKey]);
  const accountSignature = Curve.sign(account.key.private, toSign);
  const accountSignatureKey = account.key.public;
  const signed = proto.ADVSignedDeviceIdentity.encode({ details, accountSignatureKey, accountSignature }).finish();
  const hmac = createHmac('sha256', secret).update(signed).digest();
  return proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish();
}
