import type { EndReason } from '@berth/protocol';
import type { WhatsAppSessionStatus } from '../resource/whatsapp-session.ts';
import type { ObservedSession, ObservedSessionEnd } from './observed.ts';
import { isNewer } from './renewal.ts';
import { fnv1a } from './spec-hash.ts';

type Recovery = NonNullable<WhatsAppSessionStatus['recovery']>;
type Held = NonNullable<Recovery['held']>;

/** Ends after which another run would only do harm (two clients replacing each other) or meet the same refusal. */
const holding: readonly EndReason[] = ['replaced', 'banned', 'auth_failure'];
/** Ends that somebody asked for: the next run, if any, starts at once and with a fresh count. */
const intended: readonly EndReason[] = ['stopped', 'force_killed', 'restarted', 'spec_changed', 'deleted', 'shutdown'];
/** Ends that say nothing against the session: it moves on at once, but its count stays. */
const blameless: readonly EndReason[] = ['evicted', 'pod_deleted', 'node_lost'];

/** Whether no run may start until somebody asks for one: by a stop and a start, or by a newer restartedAt. */
export function isHeld({ spec, status }: ObservedSession): boolean {
  return status.recovery?.held !== undefined && !isNewer(spec.restartedAt, status.lastEnd?.restartedAt);
}

/** How the session goes on after the end of a run; written into the status before the next run starts. */
export function recoveryAfter(session: ObservedSession, end: ObservedSessionEnd): Recovery {
  const { reason, runUid } = end;
  if (holding.includes(reason)) return { restarts: session.status.recovery?.restarts ?? 0, held: reason as Held };
  if (intended.includes(reason)) return { restarts: 0 };
  const restarts = (wasHealthy(session, end) ? 0 : (session.status.recovery?.restarts ?? 0)) + 1;
  if (blameless.includes(reason)) return { restarts };
  const waitMs = backoffMs(session, restarts, runUid);
  return { restarts, nextRestartAt: new Date(Date.parse(end.endedAt) + waitMs).toISOString() };
}

function wasHealthy({ spec }: ObservedSession, { readyAt, endedAt }: ObservedSessionEnd): boolean {
  if (readyAt === undefined) return false;
  return Date.parse(endedAt) - Date.parse(readyAt) >= (spec.recovery?.healthySeconds ?? 300) * 1000;
}

/** Exponential with full jitter. The jitter comes from the run's uid, which is random and the same on every look. */
function backoffMs({ spec }: ObservedSession, restarts: number, runUid: string): number {
  const { baseSeconds = 5, maxSeconds = 300 } = spec.recovery?.backoff ?? {};
  const boundMs = Math.min(maxSeconds, baseSeconds * 2 ** Math.min(restarts - 1, 20)) * 1000;
  const jitter = Number.parseInt(fnv1a(runUid).slice(0, 8), 16) / 0xffffffff;
  return Math.round(boundMs * jitter);
}
