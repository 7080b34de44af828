import { Curve, proto } from '@whiskeysockets/baileys';
import { type KeyPair, newKeyPair } from './root-key.ts';
import { stanzaTime } from './stanza.ts';

const { Details } = proto.CertChain.NoiseCertificate;
const clockSkewSeconds = 60;
const lifetimeSeconds = 10 * 365 * 86_400;

export interface ServerIdentity {
  /** The server's side of the noise handshake. */
  readonly staticKey: KeyPair;
  /** Proves the static key: an encoded CertChain. */
  readonly chain: Uint8Array;
}

/**
 * Issues the server's identity: the root signs an intermediate, which signs the leaf, whose key is the server's static key.
 * The client checks it against the root key it has built in, or was given.
 */
export function issueCertificateChain(root: KeyPair): ServerIdentity {
  const intermediate = newKeyPair();
  const staticKey = newKeyPair();
  const intermediateDetails = certificateDetails(1, 0, intermediate.public);
  const leafDetails = certificateDetails(2, 1, staticKey.public);
  const chain = proto.CertChain.encode({
    intermediate: { details: intermediateDetails, signature: Curve.sign(root.private, intermediateDetails) },
    leaf: { details: leafDetails, signature: Curve.sign(intermediate.private, leafDetails) },
  }).finish();
  return { staticKey, chain };
}

function certificateDetails(serial: number, issuerSerial: number, key: Uint8Array): Uint8Array {
  const now = stanzaTime();
  const validity = { notBefore: now - clockSkewSeconds, notAfter: now + lifetimeSeconds };
  return Details.encode({ serial, issuerSerial, key, ...validity }).finish();
}
