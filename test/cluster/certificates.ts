import 'reflect-metadata'; // @peculiar/x509 needs it to be there first.
import { webcrypto } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, both as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}
/** Who a certificate speaks for. A server names its addresses, a client its groups. */
export interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
}
/** Signs certificates that last for a year. */
export interface CertificateAuthority extends KeyPair {
  issue(subject: Subject): Promise<KeyPair>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 3600 * 1000;
// A machine that has just woken up may have a clock that is behind; an hour of grace costs nothing.
const validity = () => ({ notBefore: new Date(Date.now() - dayMs / 24), notAfter: new Date(Date.now() + 365 * dayMs) });

/** Makes a new authority with a key that exists only in what is returned. */
export async function createCertificateAuthority(name: string): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: root.toString('pem'),
    key: await privateKeyPem(keys.privateKey),
    issue: (subject) => issue(root, keys.privateKey, subject),
  };
}

async function issue(root: x509.X509Certificate, signingKey: CryptoKey, subject: Subject): Promise<KeyPair> {
  const keys = await newKeys();
  const names = [
    ...(subject.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(subject.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    subject: new x509.Name([
      { CN: [subject.commonName] },
      ...(subject.organization === undefined ? [] : [{ O: [subject.organization] }]),
    ]).toString(),
    issuer: root.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await privateKeyPem(keys.privateKey) };
}

/** Gives the authority that is kept as `pki/ca.crt` and `pki/ca.key` below the folder; makes it if there is none. */
export async function openCertificateAuthority(dir: string, name: string): Promise<CertificateAuthority> {
  const files = { certificate: join(dir, 'pki', 'ca.crt'), key: join(dir, 'pki', 'ca.key') };
  try {
    const [certificate, key] = [await readFile(files.certificate, 'utf8'), await readFile(files.key, 'utf8')];
    const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(key), algorithm, false, [
      'sign',
    ]);
    const root = new x509.X509Certificate(certificate);
    return { certificate, key, issue: (subject) => issue(root, signingKey, subject) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const authority = await createCertificateAuthority(name);
  await mkdir(join(dir, 'pki'), { recursive: true });
  await writeFile(files.key, authority.key, { mode: 0o600 });
  await writeFile(files.certificate, authority.certificate);
  return authority;
}

/** A key that signs service account tokens and the one that proves them, as PEM. */
export async function createServiceAccountKeys(): Promise<{ readonly key: string; readonly publicKey: string }> {
  const { privateKey, publicKey } = await newKeys();
  const spki = await webcrypto.subtle.exportKey('spki', publicKey);
  return { key: await privateKeyPem(privateKey), publicKey: x509.PemConverter.encode(spki, 'PUBLIC KEY') };
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function privateKeyPem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
