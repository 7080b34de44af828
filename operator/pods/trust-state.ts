import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import type { SecretData } from './ensure-secret.ts';

/** What the operator proves itself with. */
export interface Identity {
  /** What others must trust for it, in PEM. */
  readonly caPem: string;
  /** Of `certPem`; without one that of the CA, which is our own then and signs whatever is needed. */
  readonly keyPem: string;
  /** Of another CA: the one certificate that was given, with those between it and the CA behind it. */
  readonly certPem?: string;
}

/** All that the Secret holds. Times are milliseconds since the epoch. */
export interface TrustState {
  readonly current: Identity;
  /** What comes after it. */
  readonly next?: Identity;
  /** CAs that are trusted although nothing is signed by them any more. */
  readonly former?: { readonly caPem: string; readonly untilMs: number };
  /** The bundle, by its hash, that every namespace had at some time. */
  readonly published?: { readonly sha256: string; readonly atMs: number };
}

const field = {
  caCert: 'ca.crt',
  caKey: 'ca.key',
  cert: 'tls.crt',
  key: 'tls.key',
  next: 'next.',
  formerCert: 'former.ca.crt',
  formerUntil: 'former.until',
  publishedSha256: 'published.sha256',
  publishedAt: 'published.at',
} as const;

const identityFields = [field.caCert, field.caKey, field.cert, field.key];
const allFields = [
  ...identityFields,
  ...identityFields.map((name) => field.next + name),
  field.formerCert,
  field.formerUntil,
  field.publishedSha256,
  field.publishedAt,
];

/**
 * Reads what a Secret holds.
 * @throws {Error} something is missing or cannot be read; never with a key in its message
 */
export function parseTrust(data: SecretData): TrustState {
  const text = (name: string) => (data[name] === undefined ? undefined : Buffer.from(data[name]).toString('utf8'));
  const current = identityIn(text, '');
  if (current === undefined) throw new Error(`"${field.caCert}" is missing`);
  const next = identityIn(text, field.next);
  const [formerPem, formerUntil] = [text(field.formerCert), text(field.formerUntil)];
  const [sha256, publishedAt] = [text(field.publishedSha256), text(field.publishedAt)];
  if (formerPem !== undefined) readCertificates(formerPem, field.formerCert);
  return {
    current,
    ...(next === undefined ? {} : { next }),
    ...(formerPem === undefined ? {} : { former: { caPem: formerPem, untilMs: timeOf(formerUntil) } }),
    ...(sha256 === undefined ? {} : { published: { sha256, atMs: timeOf(publishedAt) } }),
  };
}

/** A time that cannot be read counts as long ago: what waits for it is then done once more, or at once. */
const timeOf = (text: string | undefined) => Date.parse(text ?? '') || 0;

function identityIn(text: (name: string) => string | undefined, prefix: string): Identity | undefined {
  const caPem = text(prefix + field.caCert);
  if (caPem === undefined) return undefined;
  readCertificates(caPem, prefix + field.caCert);
  const certPem = text(prefix + field.cert);
  const keyName = prefix + (certPem === undefined ? field.caKey : field.key);
  const keyPem = text(keyName);
  if (keyPem === undefined) throw new Error(`"${keyName}" is missing`);
  const [signed] = readCertificates(certPem ?? caPem, prefix + (certPem === undefined ? field.caCert : field.cert));
  if (!isKeyOf(keyPem, signed)) throw new Error(`"${keyName}" holds no private key, or that of another certificate`);
  return { caPem, keyPem, ...(certPem === undefined ? {} : { certPem }) };
}

/** Whether it is the private key of a certificate. */
export function isKeyOf(keyPem: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false; // What the parser says could repeat a part of the key.
  }
}

/**
 * The certificates of a PEM file, in their order, at least one.
 * @param name of the field, for the error
 * @throws {Error} there is none, or one that cannot be read
 */
export function readCertificates(pem: string, name: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first, ...others] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...others];
  } catch (cause) {
    throw new Error(`"${name}" holds a certificate that cannot be read`, { cause });
  }
  throw new Error(`"${name}" holds no PEM certificate`);
}

/** The values of the Secret by their names, null for what it must not hold. */
export function trustFields({ current, next, former, published }: TrustState): Record<string, string | null> {
  const held = {
    ...identityFieldsOf(current, ''),
    ...(next === undefined ? {} : identityFieldsOf(next, field.next)),
    ...(former === undefined
      ? {}
      : { [field.formerCert]: former.caPem, [field.formerUntil]: new Date(former.untilMs).toISOString() }),
    ...(published === undefined
      ? {}
      : { [field.publishedSha256]: published.sha256, [field.publishedAt]: new Date(published.atMs).toISOString() }),
  };
  return { ...Object.fromEntries(allFields.map((name) => [name, null])), ...held };
}

const identityFieldsOf = ({ caPem, keyPem, certPem }: Identity, prefix: string) => ({
  [prefix + field.caCert]: caPem,
  ...(certPem === undefined
    ? { [prefix + field.caKey]: keyPem }
    : { [prefix + field.cert]: certPem, [prefix + field.key]: keyPem }),
});

/**
 * What pods have to trust, in PEM, each certificate once; a CA that changes from the next one to the current one changes
 * nothing.
 */
export const bundleOf = ({ current, next, former }: TrustState) =>
  joined([current.caPem, next?.caPem ?? '', former?.caPem ?? '']);

/** All certificates of several PEM files, each once, in an order that depends on them alone. */
export function joined(pems: readonly string[]): string {
  const certificates = pems.filter((pem) => pem !== '').flatMap((pem) => readCertificates(pem, field.caCert));
  const once = new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate]));
  return [...once.keys()]
    .sort()
    .map((fingerprint) => String(once.get(fingerprint)))
    .join('');
}

/** Lower-case hex. */
export const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

/** From when to when an identity is valid: the CA, or the certificate that was given, whatever ends first. */
export function lifeOf({ caPem, certPem }: Identity): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  const [first] = readCertificates(certPem ?? caPem, field.caCert);
  const ends = readCertificates(caPem, field.caCert).map(({ validToDate }) => validToDate.getTime());
  return {
    notBeforeMs: first.validFromDate.getTime(),
    // Of several CAs in a file the longest lived may be the one that signed.
    notAfterMs: Math.min(first.validToDate.getTime(), Math.max(...ends)),
  };
}

/** The state after `current` has been replaced: what was trusted stays so until `untilMs`. */
export function replaced(state: TrustState, current: Identity, untilMs: number): TrustState {
  const trusted = new Set(readCertificates(current.caPem, field.caCert).map(({ fingerprint256 }) => fingerprint256));
  const before = readCertificates(joined([state.current.caPem, state.former?.caPem ?? '']), field.caCert);
  const former = before.filter(({ fingerprint256 }) => !trusted.has(fingerprint256));
  return {
    current,
    ...(former.length === 0 ? {} : { former: { caPem: former.map(String).join(''), untilMs } }),
    ...(state.published === undefined ? {} : { published: state.published }),
  };
}
