import { randomInt } from 'node:crypto';
import {
  type BinaryNode,
  encodeBigEndian,
  generateSignalPubKey,
  proto,
  signedKeyPair,
  unpadRandomMax16,
  writeRandomPadMax16,
} from '@whiskeysockets/baileys';
import { ProtocolAddress, SessionBuilder, SessionCipher, SessionRecord } from 'libsignal';
import type { Device } from './account.ts';
import { lidAddress, lidUserOf, phoneAddress } from './address.ts';
import { type KeyPair, newKeyPair } from './root-key.ts';
import { bytesOf, stanza } from './stanza.ts';

const signedPreKeyId = 1;
/** Key bundles that were handed out and not used yet; the oldest goes first. */
const maxPreKeys = 1_000;

export interface ContactSnapshot {
  readonly phone: string;
  readonly registrationId: number;
  readonly identity: KeyPair;
  readonly signedPreKey: { readonly keyPair: KeyPair; readonly signature: Uint8Array };
  readonly nextPreKeyId: number;
  readonly preKeys: readonly (readonly [number, KeyPair])[];
  readonly sessions: readonly (readonly [string, unknown])[];
}

/** Somebody a session writes with: a phone with a Signal identity of its own, so messages are really encrypted end to end. */
export class Contact {
  readonly phone: string;
  readonly address: string;
  readonly lid: string;
  readonly #registrationId: number;
  readonly #identity: KeyPair;
  readonly #signedPreKey: ContactSnapshot['signedPreKey'];
  readonly #preKeys: Map<number, KeyPair>;
  readonly #sessions: Map<string, SessionRecord>;
  #nextPreKeyId: number;

  constructor(phone: string, snapshot: ContactSnapshot = newSnapshot(phone)) {
    this.phone = phone;
    this.address = phoneAddress(phone);
    this.lid = lidAddress(phone);
    this.#registrationId = snapshot.registrationId;
    this.#identity = snapshot.identity;
    this.#signedPreKey = snapshot.signedPreKey;
    this.#nextPreKeyId = snapshot.nextPreKeyId;
    this.#preKeys = new Map(snapshot.preKeys);
    this.#sessions = new Map(snapshot.sessions.map(([id, record]) => [id, deserialize(record)]));
  }

  snapshot(): ContactSnapshot {
    return {
      phone: this.phone,
      registrationId: this.#registrationId,
      identity: this.#identity,
      signedPreKey: this.#signedPreKey,
      nextPreKeyId: this.#nextPreKeyId,
      preKeys: [...this.#preKeys],
      sessions: [...this.#sessions].map(([id, record]) => [id, record.serialize()] as const),
    };
  }

  /** The answer to "give me keys to write to this address": a <user> with a fresh one-time key. */
  keyBundle(address: string): BinaryNode {
    const preKeyId = this.#nextPreKeyId++;
    const preKey = newKeyPair();
    this.#preKeys.set(preKeyId, preKey);
    if (this.#preKeys.size > maxPreKeys) this.#preKeys.delete(Math.min(...this.#preKeys.keys()));
    return stanza('user', { jid: address }, [
      stanza('registration', {}, encodeBigEndian(this.#registrationId)),
      stanza('type', {}, Buffer.from([5])),
      stanza('identity', {}, this.#identity.public),
      stanza('skey', {}, [
        stanza('id', {}, encodeBigEndian(signedPreKeyId, 3)),
        stanza('value', {}, this.#signedPreKey.keyPair.public),
        stanza('signature', {}, this.#signedPreKey.signature),
      ]),
      stanza('key', {}, [stanza('id', {}, encodeBigEndian(preKeyId, 3)), stanza('value', {}, preKey.public)]),
    ]);
  }

  /** Encrypts an encoded proto.Message for a device; gives the <enc> of its stanza. */
  async encrypt(device: Device, content: Uint8Array): Promise<BinaryNode> {
    const remote = remoteAddress(device);
    if (!this.#sessions.has(remote.toString())) await this.#openSession(device, remote);
    const plaintext = writeRandomPadMax16(content);
    const { type, body } = await new SessionCipher(this.#storage(), remote).encrypt(plaintext);
    return stanza('enc', { v: '2', type: type === 3 ? 'pkmsg' : 'msg' }, Buffer.from(body, 'binary'));
  }

  /** Decrypts an <enc> that a device sent to this contact. Rejects with libsignal's error when the keys do not fit. */
  async decrypt(device: Device, enc: BinaryNode): Promise<proto.Message> {
    const cipher = new SessionCipher(this.#storage(), remoteAddress(device));
    const padded =
      enc.attrs['type'] === 'pkmsg'
        ? await cipher.decryptPreKeyWhisperMessage(bytesOf(enc))
        : await cipher.decryptWhisperMessage(bytesOf(enc));
    return proto.Message.decode(unpadRandomMax16(padded));
  }

  /** The device could not read us: the next message to it starts a new Signal session. */
  forgetSession(device: Device) {
    this.#sessions.delete(remoteAddress(device).toString());
  }

  async #openSession(device: Device, remote: ProtocolAddress) {
    const oneTimeKey = takeFirst(device.preKeys);
    const { id, key, signature } = device.signedPreKey;
    const bundle = {
      registrationId: device.registrationId,
      identityKey: generateSignalPubKey(device.identityKey),
      signedPreKey: { keyId: id, publicKey: generateSignalPubKey(key), signature },
      preKey: oneTimeKey && { keyId: oneTimeKey[0], publicKey: generateSignalPubKey(oneTimeKey[1]) },
    };
    // The declared type demands a one-time key; the code does without one, as the protocol has it.
    type Bundle = Parameters<SessionBuilder['initOutgoing']>[0];
    await new SessionBuilder(this.#storage(), remote).initOutgoing(bundle as Bundle);
  }

  #storage() {
    return {
      loadSession: async (id: string) => this.#sessions.get(id),
      storeSession: async (id: string, record: SessionRecord) => void this.#sessions.set(id, record),
      isTrustedIdentity: () => true, // A test may link a phone anew as often as it likes.
      loadPreKey: async (id: number | string) => signalPair(this.#preKeys.get(Number(id))),
      removePreKey: (id: number) => void this.#preKeys.delete(id),
      loadSignedPreKey: () => asSignalPair(this.#signedPreKey.keyPair),
      getOurRegistrationId: () => this.#registrationId,
      getOurIdentity: () => asSignalPair(this.#identity),
    };
  }
}

function newSnapshot(phone: string): ContactSnapshot {
  const identity = newKeyPair();
  const { keyPair, signature } = signedKeyPair(identity, signedPreKeyId);
  return {
    phone,
    registrationId: randomInt(1, 16_380),
    identity,
    signedPreKey: {
      keyPair: { private: Buffer.from(keyPair.private), public: Buffer.from(keyPair.public) },
      signature,
    },
    nextPreKeyId: 1,
    preKeys: [],
    sessions: [],
  };
}

/** A session with a device is kept under its LID, as Baileys does it: "<lid user>_1.<device>". */
function remoteAddress({ phone, id }: Device): ProtocolAddress {
  return new ProtocolAddress(`${lidUserOf(phone)}_1`, id);
}

function deserialize(record: unknown): SessionRecord {
  return SessionRecord.deserialize(record as Uint8Array); // Declared as bytes, but it is a plain object.
}

function signalPair(pair: KeyPair | undefined) {
  return pair && asSignalPair(pair);
}

/** libsignal wants a type byte before each public key. */
function asSignalPair(pair: KeyPair) {
  return { privKey: pair.private, pubKey: Buffer.from(generateSignalPubKey(pair.public)) };
}

function takeFirst(keys: Map<number, Buffer>): readonly [number, Buffer] | undefined {
  const first = keys.entries().next().value;
  if (first) keys.delete(first[0]);
  return first;
}
