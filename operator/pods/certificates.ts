import 'reflect-metadata'; // @peculiar/x509 needs it to be there first.
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, both as PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A key pair that must be replaced in time. */
export interface IssuedKeyPair extends KeyPair {
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** A CA that can sign. */
export interface SigningAuthority {
  readonly root: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 3600 * 1000;
const authorityLifetimeMs = 3652 * dayMs;
/** How long a certificate lasts that a replica keeps in memory. */
export const leafLifetimeMs = 90 * dayMs;
/** Clocks of two nodes differ: what is signed now must be valid for one that is behind. */
const graceMs = dayMs / 24;

/** Makes a CA for ten years, with a key that exists only in what is returned. */
export async function newAuthority(commonName: string, nowMs: number): Promise<KeyPair> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    notBefore: new Date(nowMs - graceMs),
    notAfter: new Date(nowMs + authorityLifetimeMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: `${root.toString('pem')}\n`, keyPem: await privateKeyPem(keys.privateKey) };
}

/**
 * Reads a stored CA.
 * @throws {Error} of the parser: not PEM, not P-256
 */
export async function readAuthority({ certPem, keyPem }: KeyPair): Promise<SigningAuthority> {
  const pkcs8 = x509.PemConverter.decodeFirst(keyPem);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return { root: new x509.X509Certificate(certPem), signingKey };
}

/** Signs a certificate with a new key: for a server with DNS names, for a client without. */
export async function issue(
  { root, signingKey }: SigningAuthority,
  subject: { readonly commonName: string; readonly dnsNames: readonly string[] },
  nowMs: number,
): Promise<IssuedKeyPair> {
  const isServer = subject.dnsNames.length > 0;
  const keys = await newKeys();
  const expiresAtMs = Math.min(nowMs + leafLifetimeMs, root.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    subject: new x509.Name([{ CN: [subject.commonName] }]).toString(),
    issuer: root.subject,
    notBefore: new Date(nowMs - graceMs),
    notAfter: new Date(expiresAtMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        isServer ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
      ...(isServer
        ? [new x509.SubjectAlternativeNameExtension(subject.dnsNames.map((value) => ({ type: 'dns' as const, value })))]
        : []),
    ],
  });
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: await privateKeyPem(keys.privateKey), expiresAtMs };
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}
