import type { EndReason } from '@berth/protocol';
import type { ObservedSession } from '../plan/observed.ts';

/** The end of a run, as a caller is told. */
export interface EndedRun {
  readonly runUid: string;
  readonly reason: EndReason;
  /** RFC 3339. */
  readonly at: string;
  readonly terminationConfirmed: boolean;
}

/** The run that has ended between two views of a session; undefined where none has. */
export function endedRun(before: ObservedSession, now: ObservedSession | undefined): EndedRun | undefined {
  const lastEnd = now?.status.lastEnd;
  if (lastEnd === undefined || lastEnd.runUid === before.status.lastEnd?.runUid) return undefined;
  const { runUid, reason, at, terminationConfirmed = true } = lastEnd;
  return { runUid, reason, at, terminationConfirmed };
}
