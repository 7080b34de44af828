import { generateSignalPubKey } from '@whiskeysockets/baileys';
import { verifySignature } from 'libsignal/src/curve.js';

/**
 * Says whether the signature is of this key. Baileys' own `Curve.verify` cannot be used: it drops the answer and says yes
 * to every well-formed signature (lib/Utils/crypto.js, 7.0.0-rc14).
 */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature(Buffer.from(generateSignalPubKey(publicKey)), message, signature);
}
