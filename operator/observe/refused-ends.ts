import { fullJitter } from '../kubernetes/retry.ts';
import type { ObservedSessionEnd } from '../plan/observed.ts';
import { sessionKey } from '../resource/names.ts';
import type { SessionEndSpec } from '../resource/session-end.ts';

/** How long a refusal by the session's own namespace must last before the record goes to the operator's, in milliseconds. */
export const elsewhereAfterMs = 10_000;
/** A run is given up only on a refusal this young, in milliseconds: what may have been lifted since is tried again first. */
const freshMs = 5_000;
/** Between two attempts for one run, in milliseconds. */
const backoff = { baseMs: 500, maxMs: 10_000 };
/** Of what is kept for a run, about 1 KiB; a run beyond waits, tried again and again, until there is room. */
const runsAtMost = 20_000;
/** An entry that nobody has renewed for so long is of a run that is over, in milliseconds. */
const forgottenAfterMs = 10 * 60_000;

/** The end of a run whose record is refused. */
interface RefusedEnd {
  readonly sinceMs: number;
  readonly lastMs: number;
  readonly nextMs: number;
  readonly attempts: number;
  readonly why: string;
  readonly isEverywhere: boolean;
  readonly end: ObservedSessionEnd;
}

/** What one refusal makes of a run. */
export interface Refusal {
  /** Until the next attempt, in milliseconds. */
  readonly retryInMs: number;
  /** The first that leaves no namespace to try. */
  readonly isFirstEverywhere: boolean;
  /** The first after the deadline: the run is let go without a record. */
  readonly isGivenUp: boolean;
}

/** Remembers, in this leader's memory alone, the ends that no namespace takes. Times are by the API server's clock. */
export interface RefusedEnds {
  /**
   * Takes in that an attempt was refused. Undefined when there is no room: the run then waits until there is.
   * @param isEverywhere by the operator's namespace, too
   */
  refused(
    record: { readonly name: string; readonly spec: SessionEndSpec },
    refusal: { readonly why: string; readonly isEverywhere: boolean; readonly nowMs: number },
  ): Refusal | undefined;
  /** The record exists after all. */
  recorded(runUid: string): void;
  /** Since when the run's record is refused. */
  sinceMs(runUid: string): number | undefined;
  /** What is waited for before the next attempt; undefined when it may be made now. */
  wait(runUid: string, nowMs: number): { readonly ms: number; readonly why: string } | undefined;
  /** Why there is no record, for people. */
  why(runUid: string): string | undefined;
  /** What stands for the record once the deadline is over: the run is closed without one. */
  standIn(runUid: string, nowMs: number): ObservedSessionEnd | undefined;
}

/** @param deadlineMs from the first refusal until a run is let go without a record, in milliseconds */
export function createRefusedEnds({
  deadlineMs,
  random = Math.random,
}: {
  readonly deadlineMs: number;
  readonly random?: () => number;
}): RefusedEnds {
  const runs = new Map<string, RefusedEnd>();
  const isOver = ({ sinceMs }: RefusedEnd, nowMs: number) => nowMs - sinceMs >= deadlineMs;

  function hasRoom(nowMs: number): boolean {
    if (runs.size < runsAtMost) return true;
    for (const [uid, { lastMs }] of runs) if (nowMs - lastMs > forgottenAfterMs) runs.delete(uid);
    return runs.size < runsAtMost;
  }

  /** The backoff, cut to the moments at which something else is to be done. */
  function retryInMs(attempts: number, ageMs: number): number {
    const { baseMs, maxMs } = backoff;
    const waitMs = baseMs / 2 + fullJitter(attempts, baseMs / 2, maxMs / 2, random);
    return Math.min(waitMs, ...[elsewhereAfterMs, deadlineMs].flatMap((at) => (at > ageMs ? [at - ageMs] : [])));
  }

  return {
    refused({ name, spec }, { why, isEverywhere, nowMs }) {
      const before = runs.get(spec.run.uid);
      if (before === undefined && !hasRoom(nowMs)) return undefined;
      const { sinceMs, attempts } = before ?? { sinceMs: nowMs, attempts: 0 };
      const end = standInOf(name, spec, sinceMs);
      const isNowOver = nowMs - sinceMs >= deadlineMs;
      const waitMs = retryInMs(attempts, nowMs - sinceMs);
      runs.set(spec.run.uid, {
        sinceMs,
        lastMs: nowMs,
        nextMs: nowMs + waitMs,
        attempts: attempts + 1,
        why,
        isEverywhere: isEverywhere || before?.isEverywhere === true,
        end,
      });
      return {
        // The stand-in is looked at while it is fresh.
        retryInMs: isNowOver ? 0 : waitMs,
        isFirstEverywhere: isEverywhere && before?.isEverywhere !== true,
        isGivenUp: isNowOver && (before === undefined || !isOver(before, before.lastMs)),
      };
    },
    recorded: (runUid) => void runs.delete(runUid),
    sinceMs: (runUid) => runs.get(runUid)?.sinceMs,
    wait(runUid, nowMs) {
      const run = runs.get(runUid);
      return run !== undefined && run.nextMs > nowMs ? { ms: run.nextMs - nowMs, why: run.why } : undefined;
    },
    why: (runUid) => runs.get(runUid)?.why,
    standIn(runUid, nowMs) {
      const run = runs.get(runUid);
      return run !== undefined && isOver(run, run.lastMs) && nowMs - run.lastMs < freshMs ? run.end : undefined;
    },
  };
}

/** Its sinks had the time of the whole deadline, from memory: nothing more is waited for. */
function standInOf(name: string, spec: SessionEndSpec, createdAtMs: number): ObservedSessionEnd {
  const { namespace, name: session } = spec.session;
  return {
    namespace,
    name,
    uid: '',
    resourceVersion: '',
    sessionKey: sessionKey(namespace, session),
    runUid: spec.run.uid,
    ...(spec.run.number === undefined ? {} : { runNumber: spec.run.number }),
    reason: spec.reason,
    createdAtMs,
    endedAt: spec.endedAt,
    ...(spec.readyAt === undefined ? {} : { readyAt: spec.readyAt }),
    terminationConfirmed: spec.terminationConfirmed,
    settled: true,
    hasFinalizer: false,
    isLost: true,
  };
}
