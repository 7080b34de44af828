import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BerthError } from '@berth/protocol';
import { Curve } from '@whiskeysockets/baileys';

export interface KeyPair {
  readonly private: Buffer;
  readonly public: Buffer;
}

export class RootKeyError extends BerthError {
  readonly code = 'STAND_IN_ROOT_KEY';
  readonly retryable = false;
  constructor() {
    super('Cannot use the root private key: it is not 64 hexadecimal digits; leave it out to get a new one');
  }
}

/** What PKCS #8 puts before the 32 bytes of an X25519 private key (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');

export function newKeyPair(): KeyPair {
  const pair = Curve.generateKeyPair();
  return { private: Buffer.from(pair.private), public: Buffer.from(pair.public) };
}

/**
 * The key that signs the certificate chain: a new one, or the given one, so that a restarted stand-in keeps its key.
 * @throws {RootKeyError} `privateKeyHex` is not a key.
 */
export function rootKey(privateKeyHex?: string): KeyPair {
  if (privateKeyHex === undefined || privateKeyHex === '') return newKeyPair();
  if (!/^[0-9a-f]{64}$/i.test(privateKeyHex)) throw new RootKeyError();
  const raw = Buffer.from(privateKeyHex, 'hex');
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, raw]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return { private: raw, public: Buffer.from(String(x), 'base64url') };
}

/** The key in the file; where there is none yet, a new one is written to it. */
export function rootKeyInFile(path: string): KeyPair {
  if (existsSync(path)) return rootKey(readFileSync(path, 'utf8').trim());
  const key = newKeyPair();
  writeFileSync(path, `${key.private.toString('hex')}\n`, { mode: 0o600 });
  return key;
}
