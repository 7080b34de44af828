/** Whose certificates the operator shows: those of its own CA, or those that another CA gives it as a Secret. */
export type CertificateSource = 'own' | 'given';

/** What a replica reads from the Secret, as far as the next step depends on it. Times are milliseconds since the epoch. */
export interface RotationFacts {
  readonly source: CertificateSource;
  /** What is in use: a CA of its own, or, of another CA, the certificate that was given. */
  readonly current: { readonly isOwn: boolean; readonly notBeforeMs: number; readonly notAfterMs: number };
  /** What comes after it, and is trusted already. */
  readonly next?: { readonly isOwn: boolean };
  /** What was before it, and is still trusted. */
  readonly former?: { readonly untilMs: number };
  /** When the last namespace got the bundle as it is now; absent while some have another. */
  readonly publishedAtMs?: number;
  /** Somebody asked for a rotation. */
  readonly isAsked: boolean;
  /**
   * What the given Secret holds: what is in use, what waits to be, another certificate of the CA in use, or one of a CA that
   * pods may not trust yet. Absent: nothing that can be used.
   */
  readonly given?: 'in-use' | 'waiting' | 'of-the-same-ca' | 'of-another-ca';
}

/** How long what takes, in milliseconds. */
export interface RotationTiming {
  /** Of a CA of our own. */
  readonly lifetimeMs: number;
  /** So long before its end the next one is made. */
  readonly renewBeforeMs: number;
  /** From the last namespace that got a new CA to the first certificate by it: pods have to read it meanwhile. */
  readonly publishMs: number;
}

/**
 * - `MakeNext`: make a CA, which is trusted from now on, and signs nothing yet
 * - `TakeNext`: the same with what is given
 * - `Adopt`: use what is given at once, its CA being trusted already
 * - `Publish`: bring the bundle into every namespace, and note when that was done
 * - `Promote`: use what comes next; unless `isLate`, only if every namespace still has the bundle
 * - `DropFormer`: trust what was before no more
 */
export type RotationStep =
  | { readonly type: 'MakeNext' | 'TakeNext' | 'Adopt' | 'Publish' | 'DropFormer' | 'Settled' }
  | { readonly type: 'Promote'; readonly isLate: boolean }
  | { readonly type: 'Wait'; readonly untilMs: number };

/**
 * So long before its end a certificate is replaced whether or not every namespace has taken the new CA: half of the time since
 * the new one was due, and at most the last twentieth of its life.
 */
const lateMs = ({ notBeforeMs, notAfterMs }: RotationFacts['current'], { renewBeforeMs }: RotationTiming) =>
  Math.min((notAfterMs - notBeforeMs) / 20, renewBeforeMs / 2);

/**
 * Decides what is to be done for the operator's certificates: one step, after which the Secret is looked at again. The same
 * facts and time always give the same step, so that a crash between two steps, or another leader, changes nothing.
 */
export function rotationStep(facts: RotationFacts, timing: RotationTiming, nowMs: number): RotationStep {
  const { source, current, next, former, publishedAtMs, given } = facts;
  if (source === 'given') {
    if (given === 'of-the-same-ca' || (given === 'in-use' && next !== undefined)) return { type: 'Adopt' };
    if (given === 'of-another-ca') return { type: 'TakeNext' };
  } else if (next === undefined ? wantsAnother(facts, timing, nowMs) : !next.isOwn) return { type: 'MakeNext' };

  if (next !== undefined && current.notAfterMs - nowMs < lateMs(current, timing))
    return { type: 'Promote', isLate: true };
  if (former !== undefined && nowMs >= former.untilMs) return { type: 'DropFormer' };
  // One from the future was noted by a clock that was wrong: waiting for it could take for ever.
  if (publishedAtMs === undefined || publishedAtMs > nowMs) return { type: 'Publish' };
  if (next !== undefined) {
    const untilMs = publishedAtMs + timing.publishMs;
    return nowMs >= untilMs ? { type: 'Promote', isLate: false } : { type: 'Wait', untilMs };
  }
  return former === undefined ? { type: 'Settled' } : { type: 'Wait', untilMs: former.untilMs };
}

function wantsAnother({ current, isAsked }: RotationFacts, { renewBeforeMs }: RotationTiming, nowMs: number): boolean {
  return !current.isOwn || isAsked || nowMs >= current.notAfterMs - renewBeforeMs;
}
