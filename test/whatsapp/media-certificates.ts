import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const leafAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const authorityAlgorithm = { name: 'Ed25519' } as const;
const authorityName = 'CN=berth test media';
const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2120-01-01') } as const;
/** What RFC 8410 puts before the 32 bytes of an Ed25519 private key in PKCS #8. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface MediaCertificates {
  /** What a client has to trust, in PEM. */
  readonly authority: string;
  /** Issues a certificate for a server of these names or addresses. */
  issue(names: readonly string[]): Promise<ServerCertificate>;
}

/** In PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * The certificates of the host that keeps files: clients insist on TLS there, and by whatever name they reach it. The authority
 * follows from the root key and nothing else, so that a stand-in that starts again is trusted as before.
 */
export async function mediaCertificates(rootPrivateKey: Uint8Array): Promise<MediaCertificates> {
  const keys = await authorityKeys(rootPrivateKey);
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: '01',
    name: authorityName,
    keys,
    signingAlgorithm: authorityAlgorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return {
    authority: authority.toString('pem'),
    issue: (names) => issue(names, authority, keys.privateKey),
  };
}

async function issue(names: readonly string[], authority: X509Certificate, signingKey: webcrypto.CryptoKey) {
  const own = await webcrypto.subtle.generateKey(leafAlgorithm, true, ['sign', 'verify']);
  const alternatives = names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
  const certificate = await X509CertificateGenerator.create({
    ...validity,
    subject: 'CN=berth test media host',
    issuer: authority.subject,
    publicKey: own.publicKey,
    signingKey,
    signingAlgorithm: authorityAlgorithm,
    extensions: [new SubjectAlternativeNameExtension(alternatives)],
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
  return { key, cert: certificate.toString('pem') };
}

async function authorityKeys(rootPrivateKey: Uint8Array): Promise<webcrypto.CryptoKeyPair> {
  const seed = createHash('sha256').update('media').update(rootPrivateKey).digest();
  const pkcs8 = Buffer.concat([pkcs8Prefix, seed]);
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, authorityAlgorithm, true, ['sign']);
  const { x } = await webcrypto.subtle.exportKey('jwk', privateKey);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: String(x) };
  const publicKey = await webcrypto.subtle.importKey('jwk', jwk, authorityAlgorithm, true, ['verify']);
  return { privateKey, publicKey };
}
