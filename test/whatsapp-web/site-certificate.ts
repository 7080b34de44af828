import 'reflect-metadata'; // @peculiar/x509 needs it to be there first.
import { createHash, webcrypto } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BerthError } from '@berth/protocol';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 3_600_000;

export class SiteKeyError extends BerthError {
  readonly code = 'STAND_IN_SITE_KEY';
  readonly retryable = false;
  constructor(path: string, options: ErrorOptions) {
    super(`Cannot read the site's key in "${path}": it is not a P-256 key as PEM; remove the file`, options);
  }
}

/** What the site shows instead of WhatsApp's certificate; key and certificate are PEM. */
export interface SiteCertificate {
  readonly certificate: string;
  readonly key: string;
  /** What Chromium takes for `--ignore-certificate-errors-spki-list`: base64 of the public key's SHA-256. */
  readonly spki: string;
}

/**
 * Issues a certificate for web.whatsapp.com that nobody has signed but itself.
 * @param keyFile where the key is kept over a restart, so that browsers go on trusting it; a new key each time unless told.
 * @throws {SiteKeyError} the file holds something else.
 */
export async function issueSiteCertificate(keyFile?: string): Promise<SiteCertificate> {
  const keys = await (keyFile && existsSync(keyFile) ? keysInFile(keyFile) : newKeys());
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  if (keyFile) writeFileSync(keyFile, key, { mode: 0o600 });
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // The clock of the machine that reads it may be behind.
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 365 * dayMs),
    name: 'CN=web.whatsapp.com, O=Stand-in',
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'web.whatsapp.com' }]),
    ],
  });
  const publicKey = Buffer.from(certificate.publicKey.rawData);
  const spki = createHash('sha256').update(publicKey).digest('base64');
  return { certificate: certificate.toString('pem'), key, spki };
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** The public key is part of the private one: it is read by way of a JWK. */
async function keysInFile(path: string): Promise<webcrypto.CryptoKeyPair> {
  try {
    const pkcs8 = x509.PemConverter.decodeFirst(readFileSync(path, 'utf8'));
    const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
    const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', privateKey);
    const publicJwk = { kty, crv, x, y } as webcrypto.JsonWebKey;
    const publicKey = await webcrypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify']);
    return { privateKey, publicKey };
  } catch (cause) {
    throw new SiteKeyError(path, { cause });
  }
}
