import {
  aesDecryptGCM,
  aesEncryptGCM,
  Curve,
  hkdf,
  NOISE_MODE,
  NOISE_WA_HEADER,
  proto,
  sha256,
} from '@whiskeysockets/baileys';
import type { ServerIdentity } from './certificate-chain.ts';
import { newKeyPair } from './root-key.ts';
import { ProtocolError } from './stanza.ts';

const nothing = Buffer.alloc(0);

/** What the client proved and said in its last handshake message. */
export interface ClientHandshake {
  /** The client's static key: the same one says it is the same device. */
  readonly noiseKey: Buffer;
  readonly payload: proto.ClientPayload;
}

/**
 * The answering side of Noise_XX_25519_AESGCM_SHA256: first `hello`, then `finish`, then `seal` and `open`.
 * Each connection needs its own.
 * @see https://noiseprotocol.org/noise.html sections 5 and 7
 */
export class NoiseResponder {
  readonly #identity: ServerIdentity;
  readonly #ephemeral = newKeyPair();
  #hash: Buffer = Buffer.from(NOISE_MODE); // 32 bytes as it is, so the specification takes it for the first hash.
  #chainingKey: Buffer = this.#hash;
  #handshakeKey: Buffer = this.#hash;
  #handshakeCounter = 0;
  #receiveKey: Buffer = nothing;
  #receiveCounter = 0;
  #sendKey: Buffer = nothing;
  #sendCounter = 0;

  constructor(identity: ServerIdentity) {
    this.#identity = identity;
    this.#mixHash(NOISE_WA_HEADER);
  }

  /** Answers the client's first message: e, ee, s, es, and the certificate chain. */
  hello(message: Uint8Array): Uint8Array {
    const clientEphemeral = proto.HandshakeMessage.decode(message).clientHello?.ephemeral;
    if (clientEphemeral?.length !== 32) throw new ProtocolError('shake hands', 'the client hello has no key');
    this.#mixHash(clientEphemeral);
    this.#mixHash(this.#ephemeral.public);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientEphemeral));
    const encryptedStatic = this.#encryptAndHash(this.#identity.staticKey.public);
    this.#mixKey(Curve.sharedKey(this.#identity.staticKey.private, clientEphemeral));
    const payload = this.#encryptAndHash(this.#identity.chain);
    const serverHello = { ephemeral: this.#ephemeral.public, static: encryptedStatic, payload };
    return proto.HandshakeMessage.encode({ serverHello }).finish();
  }

  /** Reads the client's second message: s, se, and who it is. From here on both sides have their transport keys. */
  finish(message: Uint8Array): ClientHandshake {
    const { clientFinish } = proto.HandshakeMessage.decode(message);
    if (!clientFinish?.static || !clientFinish.payload) {
      throw new ProtocolError('shake hands', 'the client finish lacks its key or payload');
    }
    const noiseKey = this.#decryptAndHash(clientFinish.static);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, noiseKey));
    const payload = proto.ClientPayload.decode(this.#decryptAndHash(clientFinish.payload));
    [this.#receiveKey, this.#sendKey] = this.#deriveKeys(nothing);
    return { noiseKey, payload };
  }

  seal(plaintext: Uint8Array): Buffer {
    return aesEncryptGCM(plaintext, this.#sendKey, nonce(this.#sendCounter++), nothing);
  }

  open(ciphertext: Uint8Array): Buffer {
    return aesDecryptGCM(ciphertext, this.#receiveKey, nonce(this.#receiveCounter++), nothing);
  }

  #mixHash(data: Uint8Array) {
    this.#hash = sha256(Buffer.concat([this.#hash, data]));
  }

  #mixKey(secret: Uint8Array) {
    [this.#chainingKey, this.#handshakeKey] = this.#deriveKeys(secret);
    this.#handshakeCounter = 0;
  }

  #deriveKeys(secret: Uint8Array): [Buffer, Buffer] {
    const keys = Buffer.from(hkdf(secret, 64, { salt: this.#chainingKey, info: '' }));
    return [keys.subarray(0, 32), keys.subarray(32)];
  }

  #encryptAndHash(plaintext: Uint8Array): Buffer {
    const ciphertext = aesEncryptGCM(plaintext, this.#handshakeKey, nonce(this.#handshakeCounter++), this.#hash);
    this.#mixHash(ciphertext);
    return ciphertext;
  }

  #decryptAndHash(ciphertext: Uint8Array): Buffer {
    const plaintext = aesDecryptGCM(ciphertext, this.#handshakeKey, nonce(this.#handshakeCounter++), this.#hash);
    this.#mixHash(ciphertext);
    return plaintext;
  }
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(counter, 8);
  return bytes;
}
