import type { ObservedPod, ObservedSession } from '../plan/observed.ts';
import { isOver } from '../plan/old-view.ts';

/** Why a run is over, or `lives`. */
export type RunVerdict =
  | 'lives'
  | 'pod_gone'
  | 'pod_deleted'
  | 'session_gone'
  | 'run_killed'
  | 'run_ended'
  | 'run_superseded';

/**
 * Says whether a run may still report. A run that is asked to stop gracefully may: it has a deadline. One that is killed
 * may not, and neither may one whose session has a newer run or is gone.
 */
export function runVerdict(
  runUid: string,
  pod: ObservedPod | undefined,
  session: ObservedSession | undefined,
): RunVerdict {
  if (pod === undefined || pod.uid !== runUid) return 'pod_gone';
  if (pod.deletionRequested) return 'pod_deleted';
  if (session === undefined || session.uid !== pod.sessionUid) return 'session_gone';
  const { run, lastEnd } = session.status;
  if (lastEnd?.runUid === runUid) return 'run_ended';
  if (run?.uid === runUid)
    return run.ending !== undefined && run.ending.deadline === undefined ? 'run_killed' : 'lives';
  return isOver(pod, session) ? 'run_superseded' : 'lives';
}
