import 'reflect-metadata';
import { randomUUID, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A key pair with its certificate, in PEM. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
}
export interface TestAuthority {
  readonly pem: string;
  /** Issues a certificate, good for a client and, with names, for a server. */
  issue(commonName: string, dnsNames?: readonly string[]): Promise<Credentials>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const usages: webcrypto.KeyUsage[] = ['sign', 'verify'];

/** A CA of the tests, valid for an hour. */
export async function aCertificateAuthority(): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, usages);
  const notAfter = new Date(Date.now() + 3_600_000);
  const authority = await X509CertificateGenerator.createSelfSigned({
    // OpenSSL looks an issuer up by name: two of the same name in one file would hide each other.
    name: `CN=berth test CA ${randomUUID()}`,
    keys,
    signingAlgorithm: algorithm,
    notAfter,
    extensions: [new BasicConstraintsExtension(true, 1, true)],
  });
  return {
    pem: authority.toString('pem'),
    async issue(commonName, dnsNames = []) {
      const own = await webcrypto.subtle.generateKey(algorithm, true, usages);
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${commonName}`,
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        notAfter,
        extensions: [new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns' as const, value })))],
      });
      const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
      return { key, cert: certificate.toString('pem') };
    },
  };
}
