import { BerthError } from '@berth/protocol';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { type IssuedKeyPair, issue, newAuthority, readAuthority, type SigningAuthority } from './certificates.ts';
import { ensureSecret } from './ensure-secret.ts';

/** The operator's own CA. Replicas share its key by a Secret; what it signs, each keeps in memory. */
export interface CertificateAuthority {
  /** What pods trust, in PEM: several certificates while the CA rotates. The first is the one that signs. */
  readonly caPem: string;
  /** For the operator's own server, under all names that pods may use. */
  issueServer(dnsNames: readonly string[]): Promise<IssuedKeyPair>;
  /** For calls to session pods, which ask for the common name. */
  issueClient(commonName: string): Promise<IssuedKeyPair>;
}

/** Secret in the operator's namespace. */
export const caSecret = 'berth-ca';

/** The stored CA cannot be used. It is not replaced: every running pod trusts it. */
export class CertificateAuthorityError extends BerthError {
  readonly code = 'CA_SECRET_INVALID';
  readonly retryable = false;
  constructor(namespace: string, options: { cause: unknown }) {
    const why = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(
      `Cannot use the CA in the Secret "${namespace}/${caSecret}": ${why}; restore it, or delete it and restart the operator`,
      options,
    );
  }
}

/**
 * Reads the CA from its Secret, or makes both. Where two replicas start at once, the one that comes second takes the
 * first one's.
 * @throws {CertificateAuthorityError} there is one that cannot be used
 * @throws {ApiError}
 */
export async function ensureCertificateAuthority({
  client,
  namespace,
  nowMs,
}: {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Milliseconds since the epoch, by the clock that certificates shall be valid by. */
  readonly nowMs: () => number;
}): Promise<CertificateAuthority> {
  const data = await ensureSecret(client, { namespace, name: caSecret }, async () => {
    const { certPem, keyPem } = await newAuthority('berth-ca', nowMs());
    return { 'ca.crt': certPem, 'ca.key': keyPem };
  });
  const caPem = text(data['ca.crt']);
  let authority: SigningAuthority;
  try {
    authority = await readAuthority({ certPem: caPem, keyPem: text(data['ca.key']) });
  } catch (cause) {
    throw new CertificateAuthorityError(namespace, { cause });
  }
  return {
    caPem,
    issueServer: (dnsNames) => issue(authority, { commonName: 'berth-operator', dnsNames }, nowMs()),
    issueClient: (commonName) => issue(authority, { commonName, dnsNames: [] }, nowMs()),
  };
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8');
