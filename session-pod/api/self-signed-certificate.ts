import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** The key pair that the pod's own API serves with, in this process only. */
export interface ServingCertificate {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** Lower-case hex SHA-256 of the DER certificate: what the operator pins. */
  readonly sha256: string;
}

const lifetimeMs = 10 * 365 * 24 * 3_600_000;
const oneDayMs = 24 * 3_600_000;
const objectIds = {
  commonName: Buffer.from('550403', 'hex'), // 2.5.4.3
  ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'), // 1.2.840.10045.4.3.2
} as const;

/**
 * Makes a P-256 key pair and a certificate for it. Nobody builds a chain to it: the operator compares its hash with the
 * one in the pod's first report. Written out here because the X.509 libraries at hand cost each pod 10 MiB and more.
 * @param commonName at most 64 ASCII characters
 */
export function selfSignedCertificate(commonName: string, nowMs: number): ServingCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(tagged(0x06, objectIds.ecdsaWithSha256));
  const name = sequence(
    tagged(0x31, sequence(tagged(0x06, objectIds.commonName), tagged(0x0c, Buffer.from(commonName)))),
  );
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40; // Positive, and without a leading zero byte.
  const toBeSigned = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))), // Version 3.
    tagged(0x02, serial),
    algorithm,
    name,
    sequence(time(nowMs - oneDayMs), time(nowMs + lifetimeMs)), // A day back: clocks of two nodes differ.
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const der = sequence(toBeSigned, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificatePem: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`,
    sha256: createHash('sha256').update(der).digest('hex'),
  };
}

/** A value of DER: its tag, its length, its content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

/** GeneralizedTime, which unlike UTCTime has four digits for the year: YYYYMMDDHHMMSSZ. */
function time(atMs: number): Buffer {
  const digits = new Date(atMs)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:T]/g, '');
  return tagged(0x18, Buffer.from(`${digits}Z`));
}
