import type { EndReason } from '@berth/protocol';
import type { WhatsAppSessionStatus } from '../resource/whatsapp-session.ts';
import type { ObservedSession, ObservedSessionEnd } from './observed.ts';
import { isNewer } from './renewal.ts';
import { fnv1a } from './spec-hash.ts';

type Recovery = NonNullable<WhatsAppSessionStatus['recovery']>;
type Held = NonNullable<Recovery['held']>;

/** Ends after which another run would only do harm (two clients replacing each other) or meet the same refusal. */
const holding: readonly EndReason[] = ['replaced', 'banned', 'auth_failure', 'pairing_timeout'];
/** Ends that somebody asked for: the next run, if any, starts at once and with a fresh count. */
const intended: readonly EndReason[] = ['stopped', 'force_killed', 'restarted', 'spec_changed', 'deleted', 'shutdown'];
/** Ends that say nothing against the session: it moves on at once, and its count stays as it is. */
const blameless: readonly EndReason[] = ['evicted', 'pod_deleted', 'node_lost'];

/** Whether no run may start until somebody asks for one: by a stop and a start, or by a newer restartedAt. */
export function isHeld({ spec, status }: ObservedSession): boolean {
  return status.recovery?.held !== undefined && !isNewer(spec.restartedAt, status.lastEnd?.restartedAt);
}

/** How the session goes on after the end of a run; written into the status before the next run starts. */
export function recoveryAfter(session: ObservedSession, end: ObservedSessionEnd): Recovery {
  const { reason, runUid } = end;
  const isGhosts = reason === 'replaced' && mayBeAGhosts(session, end);
  if (holding.includes(reason) && !isGhosts)
    return { restarts: session.status.recovery?.restarts ?? 0, held: reason as Held };
  const wasAskedFor = reason === 'logged_out' && session.status.run?.ending?.logout === true;
  if (wasAskedFor || intended.includes(reason)) return { restarts: 0 };
  const used = wasHealthy(session, end) ? 0 : (session.status.recovery?.restarts ?? 0);
  if (blameless.includes(reason)) {
    // A young run that is evicted may have filled its own volume in memory: it must not log in again and again.
    if (reason !== 'evicted' || wasHealthy(session, end)) return { restarts: used };
    return { restarts: used, nextRestartAt: new Date(end.createdAtMs + backoffMs(session, 1, runUid)).toISOString() };
  }
  if (session.spec.recovery?.policy === 'Stop') return { restarts: used, held: 'policy' };
  // An account that was unlinked says nothing against the session: it waits for a person to link it anew.
  if (used >= maxRestartsOf(session) && reason !== 'logged_out' && !isGhosts)
    return { restarts: used, held: 'exhausted' };
  const restarts = isGhosts ? Math.min(used + 1, maxRestartsOf(session)) : used + 1;
  const waitMs = backoffMs(session, restarts, runUid);
  // By the API server's clock: that of the node, which says when the run ended, may be wrong by minutes.
  return { restarts, nextRestartAt: new Date(end.createdAtMs + waitMs).toISOString() };
}

/** Milliseconds after an end that nobody confirmed in which another client may be the process of that run. */
const ghostMs = 15 * 60_000;

/** Whether the client that took over may be a run of this very session on a node that is cut off: it is on its way out. */
function mayBeAGhosts({ status: { lastEnd } }: ObservedSession, { createdAtMs }: ObservedSessionEnd): boolean {
  const { unconfirmedAt } = lastEnd ?? {};
  return unconfirmedAt !== undefined && createdAtMs - Date.parse(unconfirmedAt) < ghostMs;
}

/** Restarts in a row before the session is given up: the CRD's default when the spec does not say. */
export const maxRestartsOf = ({ spec }: ObservedSession): number => spec.recovery?.maxRestarts ?? 5;

/** By its last stretch of being ready: a run that flaps was ready again and again, and never for long. */
function wasHealthy({ spec, status: { report } }: ObservedSession, end: ObservedSessionEnd): boolean {
  const own = report?.runUid === end.runUid ? report : undefined;
  if (end.reason === 'stuck' && own !== undefined && own.state !== 'ready') return false;
  const readySince = own?.state === 'ready' ? (own.stateSince ?? end.readyAt) : end.readyAt;
  if (readySince === undefined) return false;
  return Date.parse(end.endedAt) - Date.parse(readySince) >= (spec.recovery?.healthySeconds ?? 300) * 1000;
}

/** Exponential with full jitter. The jitter comes from the run's uid, which is random and the same on every look. */
function backoffMs({ spec }: ObservedSession, restarts: number, runUid: string): number {
  const { baseSeconds = 5, maxSeconds = 300 } = spec.recovery?.backoff ?? {};
  const boundMs = Math.min(maxSeconds, baseSeconds * 2 ** Math.min(restarts - 1, 20)) * 1000;
  const jitter = Number.parseInt(fnv1a(runUid).slice(0, 8), 16) / 0xffffffff;
  return Math.round(boundMs * jitter);
}
