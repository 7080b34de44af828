import { deliveryFinalizer, replayAnnotation } from '../resource/names.ts';
import type { SessionEnd, Sink } from '../resource/session-end.ts';

/** Times of the outbox, in milliseconds. */
export interface DeliveryTimes {
  /** From the record until a sink is given up that does not take it: after an attempt, so never without one. */
  readonly giveUpAfterMs: number;
  /** How long a record is kept after every sink has it, or after it was made when there is no sink. */
  readonly keepDeliveredMs: number;
  /** How long a record is kept after a sink was given up. */
  readonly keepGivenUpMs: number;
}

/** What to do for a record now. */
export type DeliveryStep =
  | { readonly type: 'attempt'; readonly sinks: readonly Sink[] }
  /** Into the operator's namespace: its own is being deleted, or it is. */
  | { readonly type: 'move' }
  /** Begins anew with what was given up, and takes the annotation off that asked for it. */
  | { readonly type: 'replay' }
  /** Takes the finalizer off. */
  | { readonly type: 'release' }
  | { readonly type: 'remove' }
  | { readonly type: 'wait'; readonly forMs: number }
  | { readonly type: 'nothing' };

/** Decides the next step for one record. Pure: the same record and time always give the same step. */
export function deliveryStep(
  end: SessionEnd,
  { nowMs, operatorNamespace, times }: { nowMs: number; operatorNamespace: string; times: DeliveryTimes },
): DeliveryStep {
  const { namespace, creationTimestamp, deletionTimestamp, finalizers = [], annotations } = end.metadata;
  const createdAtMs = Date.parse(creationTimestamp);
  const open = openSinks(end);
  if (annotations?.[replayAnnotation] !== undefined && deletionTimestamp === undefined) return { type: 'replay' };
  if (open.length > 0 && end.status?.delivered !== 'GivenUp') {
    if (deletionTimestamp !== undefined && namespace !== operatorNamespace) return { type: 'move' };
    const nextAtMs = Date.parse(end.status?.nextAttemptAt ?? '');
    return nextAtMs > nowMs ? { type: 'wait', forMs: nextAtMs - nowMs } : { type: 'attempt', sinks: open };
  }
  if (finalizers.includes(deliveryFinalizer)) return { type: 'release' };
  if (deletionTimestamp !== undefined) return { type: 'nothing' };
  const removeAtMs = settledAtMs(end, createdAtMs) + (open.length > 0 ? times.keepGivenUpMs : times.keepDeliveredMs);
  return nowMs >= removeAtMs ? { type: 'remove' } : { type: 'wait', forMs: removeAtMs - nowMs };
}

/** When a sink that does not take it is given up, in milliseconds since the epoch. */
export function giveUpAtMs({ metadata, status }: SessionEnd, { giveUpAfterMs }: DeliveryTimes): number {
  const replayedAtMs = Date.parse(status?.replayedAt ?? '');
  const sinceMs = Date.parse(metadata.creationTimestamp);
  return (Number.isNaN(replayedAtMs) ? sinceMs : Math.max(sinceMs, replayedAtMs)) + giveUpAfterMs;
}

/** Whether a replay has something to try. */
export const isReplayable = (end: SessionEnd): boolean =>
  end.status?.delivered === 'GivenUp' && openSinks(end).length > 0;

/** Sinks that have not taken it. A URL that is named twice is one sink: the status knows sinks by their URL. */
function openSinks({ spec, status }: SessionEnd): Sink[] {
  const seen = new Set((status?.deliveries ?? []).flatMap(({ sink, deliveredAt }) => (deliveredAt ? [sink] : [])));
  return (spec.sinks ?? []).filter(({ url }) => !seen.has(url) && seen.add(url));
}

function settledAtMs({ status }: SessionEnd, createdAtMs: number): number {
  const times = (status?.deliveries ?? []).map(({ deliveredAt, lastAttemptAt }) =>
    Date.parse(deliveredAt ?? lastAttemptAt ?? ''),
  );
  return Math.max(createdAtMs, ...times.filter((time) => !Number.isNaN(time)));
}
