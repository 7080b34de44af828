import type { KubernetesClient } from '../kubernetes/client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../kubernetes/errors.ts';
import { path } from '../resource/names.ts';
import type { LeadershipClock } from './leadership-clock.ts';

/** The part of a coordination.k8s.io/v1 Lease that is read and written. */
export interface Lease {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion: string };
  readonly spec?: LeaseSpec;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** One Lease as this process sees it. */
export interface LeaseRecord {
  /**
   * Takes the Lease if it is free or expired, renews it if it is ours.
   * @throws {ApiError} unreachable or refused; `isNotFound` when a Lease that we held is gone.
   */
  acquireOrRenew(timeoutMs: number, signal: AbortSignal): Promise<'ours' | 'held-by-another'>;
  /** Milliseconds until another's Lease expires if it is not renewed; 0 when it is free or not known. */
  expiresInMs(): number;
  /**
   * Gives the Lease away, if it is ours, so that the next takes it at once.
   * @throws {ApiError} unreachable or refused; the Lease then expires by itself.
   */
  release(timeoutMs: number): Promise<void>;
}

/** Sees nothing yet: the Lease is read at the first attempt. */
export function createLeaseRecord(options: {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly name: string;
  readonly holder: string;
  readonly leaseDurationMs: number;
  readonly clock: LeadershipClock;
}): LeaseRecord {
  const { client, namespace, name, holder, leaseDurationMs, clock } = options;
  const leasePath = path.lease(namespace, name);
  /** The Lease as last seen, and since when it has been so. */
  let seen: { readonly lease: Lease; readonly sinceMs: number } | undefined;
  /** Whether `seen` may be outdated, so that it must be read before it is written. */
  let mustRead = true;

  function remember(lease: Lease) {
    if (seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    seen = { lease, sinceMs: clock.read().monotonicMs };
  }

  const isOurs = (lease: Lease) => lease.spec?.holderIdentity === holder;

  /** Only the time for which we ourselves saw it unchanged counts: the clocks of two machines are never compared. */
  function expiresInMs(): number {
    if (seen === undefined || (seen.lease.spec?.holderIdentity ?? '') === '') return 0;
    const theirsMs = (seen.lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return Math.max(0, seen.sinceMs + Math.max(leaseDurationMs, theirsMs) - clock.read().monotonicMs);
  }

  async function read(timeoutMs: number, signal?: AbortSignal): Promise<Lease | undefined> {
    try {
      return await client.request<Lease>({ method: 'GET', path: leasePath, timeoutMs, ...optional(signal) });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  function specFor(before: LeaseSpec | undefined): LeaseSpec {
    const now = microTime(client.nowMs());
    const renewal = before?.holderIdentity === holder;
    const transitions = before?.leaseTransitions ?? 0;
    return {
      holderIdentity: holder,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: renewal ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: renewal || before === undefined ? transitions : transitions + 1,
    };
  }

  async function create(timeoutMs: number, signal: AbortSignal) {
    const body = leaseObject({ name, namespace }, specFor(undefined));
    remember(await client.request<Lease>({ method: 'POST', path: path.leases(namespace), body, timeoutMs, signal }));
  }

  async function replace(lease: Lease, spec: LeaseSpec, timeoutMs: number, signal?: AbortSignal) {
    // The whole metadata goes back, with the resourceVersion that was judged.
    const body = leaseObject(lease.metadata, spec);
    remember(await client.request<Lease>({ method: 'PUT', path: leasePath, body, timeoutMs, ...optional(signal) }));
  }

  async function attempt(timeoutMs: number, signal: AbortSignal): Promise<'ours' | 'held-by-another'> {
    if (mustRead) {
      const lease = await read(timeoutMs, signal);
      // Deleted under its holder, who may still act: it counts as unchanged since it was last seen.
      if (lease === undefined && seen !== undefined && !isOurs(seen.lease) && expiresInMs() > 0)
        return 'held-by-another';
      if (lease === undefined) seen = undefined;
      else remember(lease);
    }
    mustRead = true;
    if (seen === undefined) await create(timeoutMs, signal);
    else if (isOurs(seen.lease) || expiresInMs() === 0)
      await replace(seen.lease, specFor(seen.lease.spec), timeoutMs, signal);
    else return 'held-by-another';
    // Nobody else writes a Lease of ours, so that the next renewal needs no read.
    mustRead = false;
    return 'ours';
  }

  async function giveAway(timeoutMs: number): Promise<void> {
    const lease = mustRead ? await read(timeoutMs) : seen?.lease;
    mustRead = true;
    if (lease === undefined || !isOurs(lease)) return;
    const now = microTime(client.nowMs());
    const empty = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
    await replace(lease, empty, timeoutMs);
  }

  return {
    acquireOrRenew: (timeoutMs, signal) => twiceOnConflict(() => attempt(timeoutMs, signal)),
    expiresInMs,
    release: (timeoutMs) => twiceOnConflict(() => giveAway(timeoutMs)),
  };
}

/** Somebody was faster, or a write of ours that seemed lost did arrive: the second look tells. */
async function twiceOnConflict<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (isConflict(error) || isAlreadyExists(error)) return work();
    throw error;
  }
}

function optional(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function leaseObject(metadata: Pick<Lease['metadata'], 'name' | 'namespace'>, spec: LeaseSpec) {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
}

/** Kubernetes' MicroTime, which the API server accepts with six digits only. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
