import type { X509Certificate } from 'node:crypto';
import { BerthError, operatorClientName } from '@berth/protocol';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { readSecret } from './ensure-secret.ts';
import { type Identity, isKeyOf, readCertificates } from './trust-state.ts';

/** The certificate that the operator was given, by cert-manager for instance, is not there yet or cannot be used. */
export class GivenCertificateError extends BerthError {
  readonly code = 'GIVEN_CERTIFICATE_INVALID';
  readonly retryable = true;
  constructor(secret: string, what: string) {
    super(`Cannot use the certificate in the Secret "${secret}": ${what}`);
  }
}

const [serverAuth, clientAuth] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];

/**
 * Reads the Secret of a certificate, as cert-manager writes it, and checks all that pods will ask of it: one that they would
 * refuse must not take the place of one that works.
 * @param dnsNames that the certificate has to have
 * @param nowMs milliseconds since the epoch
 * @throws {GivenCertificateError} there is none, or one that cannot be used
 * @throws {ApiError}
 */
export async function readGivenCertificate(
  client: Pick<KubernetesClient, 'request'>,
  {
    namespace,
    name,
    dnsNames,
    nowMs,
    signal,
  }: {
    readonly namespace: string;
    readonly name: string;
    readonly dnsNames: readonly string[];
    readonly nowMs: number;
    readonly signal?: AbortSignal;
  },
): Promise<Identity> {
  const where = `${namespace}/${name}`;
  const data = await readSecret(client, { namespace, name, ...(signal === undefined ? {} : { signal }) });
  if (data === undefined)
    throw new GivenCertificateError(
      where,
      `there is no such Secret; see why with kubectl -n ${namespace} describe certificate ${name}`,
    );
  const text = (field: string) => {
    const bytes = data[field];
    if (bytes !== undefined && bytes.length > 0) return Buffer.from(bytes).toString('utf8');
    const what =
      field === 'ca.crt' ? '; take an issuer that gives its own CA, as those of the kinds CA and Vault do' : '';
    throw new GivenCertificateError(where, `it holds no "${field}"${what || '; have it issued again'}`);
  };
  const identity = { caPem: text('ca.crt'), certPem: text('tls.crt'), keyPem: text('tls.key') };
  const fault = faultOf(identity, dnsNames, nowMs);
  if (fault !== undefined) throw new GivenCertificateError(where, fault);
  return identity;
}

/** What stands against it, and what to do; undefined when it can be used. */
function faultOf(
  { caPem, certPem, keyPem }: Required<Identity>,
  dnsNames: readonly string[],
  nowMs: number,
): string | undefined {
  let own: X509Certificate;
  let between: readonly X509Certificate[];
  let roots: readonly X509Certificate[];
  try {
    [own, ...between] = readCertificates(certPem, 'tls.crt');
    roots = readCertificates(caPem, 'ca.crt').filter((root) => isSignedBy(root, root));
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}; have it issued again`;
  }
  if (!isKeyOf(keyPem, own)) return '"tls.key" is not the key of "tls.crt"; have it issued again';
  if (nowMs < own.validFromDate.getTime() || nowMs >= own.validToDate.getTime())
    return `it is valid from ${own.validFromDate.toISOString()} to ${own.validToDate.toISOString()} only; have it issued again`;
  if (!leadsTo(own, between, roots))
    return '"ca.crt" holds no root that "tls.crt" leads to; take an issuer whose CA is a root, or that gives the root';
  const name: unknown = own.toLegacyObject().subject?.CN;
  if (name !== operatorClientName)
    return `its common name is not "${operatorClientName}", which sessions ask for; set commonName of the Certificate`;
  const missing = dnsNames.filter((each) => own.checkHost(each) === undefined);
  if (missing.length > 0) return `it is not valid for ${missing.join(', ')}; add them to dnsNames of the Certificate`;
  const usages = own.keyUsage ?? [serverAuth, clientAuth];
  if (!usages.includes(serverAuth) || !usages.includes(clientAuth))
    return 'it is not for servers and clients both; set usages of the Certificate to "server auth" and "client auth"';
  return undefined;
}

const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate) =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

function leadsTo(
  own: X509Certificate,
  between: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): boolean {
  if (roots.some((root) => isSignedBy(own, root))) return true;
  const next = between.findIndex((each) => isSignedBy(own, each));
  const issuer = between[next];
  return issuer !== undefined && leadsTo(issuer, between.toSpliced(next, 1), roots);
}
