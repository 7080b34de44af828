import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import {
  type CertificateAuthority,
  ensureCertificateAuthority,
  newOwnAuthority,
} from '@berth/operator/pods/certificate-authority.ts';
import { createTrustStore } from '@berth/operator/pods/trust-store.ts';

const tenYearsMs = 3652 * 24 * 3_600_000;

/** The operator's own CA as a replica opens it, or makes it where there is none. */
export function anOperatorAuthority({
  client,
  namespace = 'berth-system',
  nowMs = Date.now,
}: {
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly namespace?: string;
  readonly nowMs?: () => number;
}): Promise<CertificateAuthority> {
  return ensureCertificateAuthority({
    store: createTrustStore(client, namespace),
    make: () => newOwnAuthority({ nowMs: nowMs(), lifetimeMs: tenYearsMs }),
    nowMs,
  });
}
