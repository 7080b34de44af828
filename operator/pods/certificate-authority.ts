import { randomBytes } from 'node:crypto';
import { type IssuedKeyPair, issue, newAuthority, readAuthority } from './certificates.ts';
import { bundleOf, type Identity, lifeOf, sha256Of, type TrustState } from './trust-state.ts';
import type { TrustStore } from './trust-store.ts';

/**
 * What the operator proves itself with, as this replica knows it: its own CA, or the certificate that another CA gave it.
 * Replicas share it by a Secret; what its own CA signs, each keeps in memory.
 */
export interface CertificateAuthority {
  /** What pods trust, in PEM: several certificates while the CA rotates. */
  readonly caPem: string;
  readonly state: TrustState;
  /** Names what certificates are by now: those of another are to be replaced. */
  readonly issuer: string;
  /** For the operator's own server, under all names that pods may use. */
  issueServer(dnsNames: readonly string[]): Promise<IssuedKeyPair>;
  /** For calls to session pods, which ask for the common name. */
  issueClient(commonName: string): Promise<IssuedKeyPair>;
  /** Takes over what the Secret holds now. */
  take(state: TrustState): void;
  /** Calls back whenever certificates are to be replaced. */
  onIssuerChange(listener: () => void): void;
}

/** Makes a CA of our own. */
export async function newOwnAuthority(options: {
  readonly nowMs: number;
  readonly lifetimeMs: number;
}): Promise<Identity> {
  // OpenSSL looks for an issuer by its name: two of the same name would be tried one after the other.
  const { certPem, keyPem } = await newAuthority(`berth-ca ${randomBytes(4).toString('hex')}`, options);
  return { caPem: certPem, keyPem };
}

/**
 * Reads what the operator proves itself with, or makes it. Where two replicas start at once, the one that comes second
 * takes the first one's.
 * @param make what it begins with when there is no Secret
 * @param nowMs milliseconds since the epoch, by the clock that certificates shall be valid by
 * @throws {CertificateAuthorityError} there is a Secret that cannot be used
 * @throws {ApiError}
 */
export async function ensureCertificateAuthority({
  store,
  make,
  nowMs,
}: {
  readonly store: TrustStore;
  readonly make: () => Promise<Identity>;
  readonly nowMs: () => number;
}): Promise<CertificateAuthority> {
  let stored = await store.read();
  if (stored === undefined) {
    const made = { current: await make() };
    await store.create(made);
    // Read, although it was just written: whoever came first, this is what the others see.
    stored = (await store.read()) ?? { state: made, isAsked: false, uid: '', resourceVersion: '' };
  }
  return certificateAuthority(stored.state, nowMs);
}

function certificateAuthority(initial: TrustState, nowMs: () => number): CertificateAuthority {
  let state = initial;
  let caPem = bundleOf(state);
  const listeners: (() => void)[] = [];
  const issuerOf = ({ current }: TrustState) => sha256Of(current.certPem ?? current.caPem);

  async function issueFor(commonName: string, dnsNames: readonly string[]): Promise<IssuedKeyPair> {
    const { keyPem, certPem } = state.current;
    if (certPem === undefined) {
      const authority = await readAuthority({ certPem: state.current.caPem, keyPem });
      return issue(authority, { commonName, dnsNames }, nowMs());
    }
    // Whoever gave it gives another one in time.
    const { notAfterMs } = lifeOf(state.current);
    return { certPem, keyPem, expiresAtMs: notAfterMs, renewAtMs: Number.POSITIVE_INFINITY };
  }

  return {
    get caPem() {
      return caPem;
    },
    get state() {
      return state;
    },
    get issuer() {
      return issuerOf(state);
    },
    issueServer: (dnsNames) => issueFor('berth-operator', dnsNames),
    issueClient: (commonName) => issueFor(commonName, []),
    take(next) {
      const changes = issuerOf(next) !== issuerOf(state);
      state = next;
      caPem = bundleOf(state);
      if (changes) for (const listener of listeners) listener();
    },
    onIssuerChange: (listener) => void listeners.push(listener),
  };
}
