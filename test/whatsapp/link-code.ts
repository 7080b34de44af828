import { randomBytes } from 'node:crypto';
import { aesDecryptCTR, aesDecryptGCM, aesEncryptCTR, derivePairingCodeKey, hkdf } from '@whiskeysockets/baileys';
import { ProtocolError } from './stanza.ts';

const keyBytes = 32;
const saltBytes = 32;
const counterBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const nothing = Buffer.alloc(0);

/** What the device says under the shared key: whose identity it has, and whose it was shown. */
export interface KeyBundle {
  readonly companionIdentity: Buffer;
  readonly primaryIdentity: Buffer;
  readonly random: Buffer;
}

/** Hides an ephemeral public key under the eight characters: salt, counter, and the key encrypted by AES-CTR. */
export async function wrapKey(publicKey: Uint8Array, code: string): Promise<Buffer> {
  const salt = randomBytes(saltBytes);
  const counter = randomBytes(counterBytes);
  const key = await derivePairingCodeKey(code, salt);
  return Buffer.concat([salt, counter, aesEncryptCTR(publicKey, key, counter)]);
}

/**
 * Gives the public key back. Under another code it is some other key, which shows only later: the shared secrets differ.
 * @throws {ProtocolError} it is not as long as a wrapped key.
 */
export async function unwrapKey(wrapped: Buffer, code: string): Promise<Buffer> {
  if (wrapped.length !== saltBytes + counterBytes + keyBytes)
    throw new ProtocolError('unwrap a key', `it has ${wrapped.length} bytes`);
  const key = await derivePairingCodeKey(code, wrapped.subarray(0, saltBytes));
  return aesDecryptCTR(
    wrapped.subarray(saltBytes + counterBytes),
    key,
    wrapped.subarray(saltBytes, saltBytes + counterBytes),
  );
}

/** Opens the device's bundle with the secret that both sides share; undefined when theirs is another one. */
export function openKeyBundle(sealed: Buffer, sharedKey: Uint8Array): KeyBundle | undefined {
  if (sealed.length !== saltBytes + nonceBytes + 3 * keyBytes + tagBytes)
    throw new ProtocolError('open a key bundle', `it has ${sealed.length} bytes`);
  const salt = sealed.subarray(0, saltBytes);
  const nonce = sealed.subarray(saltBytes, saltBytes + nonceBytes);
  const key = hkdf(sharedKey, keyBytes, { salt, info: 'link_code_pairing_key_bundle_encryption_key' });
  try {
    const bundle = aesDecryptGCM(sealed.subarray(saltBytes + nonceBytes), key, nonce, nothing);
    return {
      companionIdentity: bundle.subarray(0, keyBytes),
      primaryIdentity: bundle.subarray(keyBytes, 2 * keyBytes),
      random: bundle.subarray(2 * keyBytes),
    };
  } catch {
    return undefined; // The tag does not fit.
  }
}

/** The secret under which the phone will vouch for the device; by a QR the screen shows it instead. */
export function advSecret(sharedKey: Uint8Array, sharedIdentityKey: Uint8Array, random: Uint8Array): Buffer {
  return Buffer.from(hkdf(Buffer.concat([sharedKey, sharedIdentityKey, random]), keyBytes, { info: 'adv_secret' }));
}
