import type { SessionState } from '@berth/protocol';
import { firstUntoldLossMs } from './recent-losses.ts';
import type { Session } from './session.ts';

/** How long a passing state is held back: most are over by then, and each report costs the API server a write. */
const heldBackMs = 2_000;
/** The operator hears of a process that has nothing to tell at the latest this long after its start. */
const firstReportWithinMs = 2_000;
const passing: readonly SessionState[] = ['connecting', 'authenticated', 'reconnecting'];

/** The part of a session whose change is worth a report. */
export type Reported = Pick<Session, 'state' | 'reconnects' | 'account' | 'message'>;

/**
 * Says in how many milliseconds the session has to be reported as it is now; 0: at once; undefined: nothing is new.
 * @param reported what was handed over for sending last, undefined before the first report
 * @param processStartedAtMs on the same clock as `nowMs`
 */
export function reportDueInMs(
  session: Session,
  reported: Reported | undefined,
  processStartedAtMs: number,
  nowMs: number,
): number | undefined {
  if (reported !== undefined && !isNews(session, reported)) return undefined;
  if (!passing.includes(session.state)) return 0;
  if (reported === undefined) return Math.max(0, processStartedAtMs + firstReportWithinMs - nowMs);
  // A loop goes from one passing state to the next, each too short to be told: its losses are not held back for longer.
  const untoldSinceMs = Math.min(session.sinceMs, firstUntoldLossMs(session, reported.reconnects) ?? session.sinceMs);
  return Math.max(0, untoldSinceMs + heldBackMs - nowMs);
}

function isNews(session: Session, reported: Reported): boolean {
  return (
    session.state !== reported.state ||
    session.reconnects !== reported.reconnects ||
    session.account?.id !== reported.account?.id ||
    // A session that never got a connection tells at last why. Which of the reasons it is, is not worth a write each.
    (session.message !== undefined && reported.message === undefined)
  );
}
