import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Log } from '../kubernetes/log.ts';
import { sleep } from '../kubernetes/retry.ts';
import { type CertificateAuthority, newOwnAuthority } from '../pods/certificate-authority.ts';
import {
  type CertificateSource,
  type RotationFacts,
  type RotationStep,
  type RotationTiming,
  rotationStep,
} from '../pods/rotation-step.ts';
import {
  bundleOf,
  type Identity,
  lifeOf,
  readCertificates,
  replaced,
  sha256Of,
  type TrustState,
} from '../pods/trust-state.ts';
import type { StoredTrust, TrustStore } from '../pods/trust-store.ts';
import { compareResourceVersions } from '../watch/resource-version.ts';
import { type PublishTrust, publishEverywhere } from './trust.ts';

export interface RotationDependencies {
  /** Its writes are the leader's. */
  readonly store: TrustStore;
  readonly authority: CertificateAuthority;
  readonly timing: RotationTiming;
  /** Reads and checks the certificate that the operator was given; absent where it has a CA of its own. */
  readonly readGiven?: (signal: AbortSignal) => Promise<Identity>;
  readonly publishTrust: PublishTrust;
  /** All that have sessions, or pods of them. */
  readonly namespaces: () => ReadonlySet<string>;
  readonly nowMs: KubernetesClient['nowMs'];
  readonly log: Log;
}

/** Renews what the operator proves itself with, by steps of which each is taken only when the one before is a fact. */
export interface Rotation {
  /** Takes over what the Secret holds now. What cannot be read is told, and what is known stays in use. */
  look(signal?: AbortSignal): Promise<void>;
  /**
   * Looks, and takes the step that is due.
   * @returns milliseconds until the next one is worth it
   * @throws {CertificateAuthorityError | ApiError}
   */
  advance(signal: AbortSignal): Promise<number>;
  /** Does so until `signal` ends it. */
  lead(signal: AbortSignal): Promise<void>;
  /** Looks every now and then, on each replica. */
  follow(): { stop(): void };
}

const lookAtMostMs = 30_000;
const lookAtLeastMs = 500;

export function createRotation(dependencies: RotationDependencies): Rotation {
  const { store, authority, timing, readGiven, publishTrust, namespaces, nowMs, log } = dependencies;
  const source: CertificateSource = readGiven === undefined ? 'own' : 'given';
  // Often enough that every replica has changed over long before what it had is trusted no more.
  const lookMs = Math.min(lookAtMostMs, Math.max(lookAtLeastMs, timing.publishMs / 10));

  async function given(signal: AbortSignal): Promise<Identity | undefined> {
    try {
      return await readGiven?.(signal);
    } catch (error) {
      signal.throwIfAborted();
      log.error('Certificate that the operator was given is not taken; the one before stays in use', { error });
      return undefined;
    }
  }

  let newest: StoredTrust | undefined;
  /** Ignores an answer that is older than one before it: a look and a step may be under way at the same time. */
  function take(stored: StoredTrust): void {
    const isOlder =
      newest?.uid === stored.uid && compareResourceVersions(stored.resourceVersion, newest.resourceVersion) < 0;
    if (isOlder) return;
    newest = stored;
    authority.take(stored.state);
  }

  async function read(signal?: AbortSignal): Promise<StoredTrust | undefined> {
    const stored = await store.read(signal);
    if (stored !== undefined) take(stored);
    return stored;
  }

  async function publish(signal: AbortSignal) {
    const outcome = await publishEverywhere(publishTrust, namespaces(), signal);
    const [first] = outcome.refused;
    if (first !== undefined)
      log.error('CA is not published in every namespace, which its rotation waits for', {
        count: outcome.refused.length,
        namespace: first.namespace,
        error: first.error,
      });
    return outcome;
  }

  async function advance(signal: AbortSignal): Promise<number> {
    const stored = await read(signal);
    if (stored === undefined) {
      await store.create(authority.state, signal);
      log.warn('Secret of the CA was gone; it is written anew as this operator knows it');
      return 0;
    }
    const { state } = stored;
    const offer = await given(signal);
    const step = rotationStep(factsOf({ source, stored, offer }), timing, nowMs());
    const next = await after(step, state, offer, signal);
    // A namespace that has just refused is not asked all the time, with all the others.
    if (next === undefined) return step.type === 'Wait' || step.type === 'Settled' ? lookMs : 10 * lookMs;
    take(await store.replace(stored, next, { answersAsking: step.type === 'MakeNext', signal }));
    tell(step, next);
    return 0;
  }

  /** The state after a step, whose work is done before; undefined when there is nothing to write. */
  async function after(
    step: RotationStep,
    state: TrustState,
    offer: Identity | undefined,
    signal: AbortSignal,
  ): Promise<TrustState | undefined> {
    switch (step.type) {
      case 'MakeNext':
        return { ...state, next: await newOwnAuthority({ nowMs: nowMs(), lifetimeMs: timing.lifetimeMs }) };
      case 'TakeNext':
        return offer === undefined ? undefined : { ...state, next: offer };
      case 'Adopt':
        return offer === undefined ? undefined : replaced(state, offer, nowMs() + timing.publishMs);
      case 'Publish': {
        const { refused } = await publish(signal);
        return refused.length > 0 ? undefined : { ...state, published: publishedNow(state) };
      }
      case 'Promote': {
        if (state.next === undefined) return undefined;
        if (!step.isLate) {
          const { written, refused } = await publish(signal);
          if (refused.length > 0) return undefined;
          // Somebody had changed one: its pods have to read it first, so the wait begins anew.
          if (written > 0) return { ...state, published: publishedNow(state) };
        }
        return replaced(state, state.next, nowMs() + timing.publishMs);
      }
      case 'DropFormer': {
        const { former: _, ...rest } = state;
        return rest;
      }
      case 'Wait':
      case 'Settled':
        return undefined;
    }
  }

  const publishedNow = (state: TrustState) => ({ sha256: sha256Of(bundleOf(state)), atMs: nowMs() });

  function tell(step: RotationStep, { current, next }: TrustState): void {
    const fields = { step: step.type, current: nameOf(current), ...(next === undefined ? {} : { next: nameOf(next) }) };
    if (step.type === 'Promote' && step.isLate)
      log.warn('Certificates are replaced although not every namespace has the new CA: the old ones end', fields);
    else log.info('Certificates take a step', fields);
  }

  async function look(signal?: AbortSignal): Promise<void> {
    try {
      await read(signal);
    } catch (error) {
      if (!signal?.aborted) log.error('CA could not be read; the last one stays in use', { error });
    }
  }

  return {
    look,
    advance,
    async lead(signal) {
      while (!signal.aborted) {
        let restMs = lookMs;
        try {
          restMs = await advance(signal);
        } catch (error) {
          if (signal.aborted) return;
          log.error('Certificates are not cared for; it is tried again', { error });
        }
        await sleep(restMs, signal).catch(() => undefined); // Only the end of the term ends it early.
      }
    },
    follow() {
      const stopped = new AbortController();
      const timer = setInterval(() => void look(stopped.signal), lookMs).unref();
      return {
        stop() {
          clearInterval(timer);
          stopped.abort();
        },
      };
    },
  };
}

/** What the next step depends on. */
export function factsOf({
  source,
  stored: { state, isAsked },
  offer,
}: {
  readonly source: CertificateSource;
  readonly stored: Pick<StoredTrust, 'state' | 'isAsked'>;
  readonly offer: Identity | undefined;
}): RotationFacts {
  const { current, next, former, published } = state;
  const isPublished = published?.sha256 === sha256Of(bundleOf(state));
  return {
    source,
    isAsked,
    current: { isOwn: isOwn(current), ...lifeOf(current) },
    ...(next === undefined ? {} : { next: { isOwn: isOwn(next) } }),
    ...(former === undefined ? {} : { former: { untilMs: former.untilMs } }),
    ...(isPublished ? { publishedAtMs: published.atMs } : {}),
    ...(offer === undefined ? {} : { given: relationOf(offer, state) }),
  };
}

const isOwn = ({ certPem }: Identity) => certPem === undefined;

function relationOf(offer: Identity, { current, next }: TrustState): NonNullable<RotationFacts['given']> {
  if (isSame(offer, current)) return 'in-use';
  if (next !== undefined && isSame(offer, next)) return 'waiting';
  const trusted = new Set(fingerprints(current.caPem));
  return !isOwn(current) && fingerprints(offer.caPem).every((each) => trusted.has(each))
    ? 'of-the-same-ca'
    : 'of-another-ca';
}

const isSame = (one: Identity, other: Identity) => one.certPem === other.certPem && one.caPem === other.caPem;
const fingerprints = (pem: string) => readCertificates(pem, 'ca.crt').map(({ fingerprint256 }) => fingerprint256);

/** For logs: what it is and until when it is valid, without anything secret. */
function nameOf(identity: Identity): string {
  const [first] = readCertificates(identity.certPem ?? identity.caPem, 'ca.crt');
  return `${first.fingerprint256.slice(0, 23)} until ${new Date(lifeOf(identity).notAfterMs).toISOString()}`;
}
