import type { SessionState } from '@berth/protocol';
import type { Session } from './session.ts';

/** How long a passing state is held back: most are over by then, and each report costs the API server a write. */
const heldBackMs = 2_000;
/** The operator hears of a process that has nothing to tell at the latest this long after its start. */
const firstReportWithinMs = 2_000;
const passing: readonly SessionState[] = ['connecting', 'authenticated', 'reconnecting'];

/** The part of a session whose change is worth a report. */
export type Reported = Pick<Session, 'state' | 'reconnects' | 'account'>;

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
  const dueAtMs = reported === undefined ? processStartedAtMs + firstReportWithinMs : session.sinceMs + heldBackMs;
  return Math.max(0, dueAtMs - nowMs);
}

function isNews(session: Session, reported: Reported): boolean {
  return (
    session.state !== reported.state ||
    session.reconnects !== reported.reconnects ||
    session.account?.id !== reported.account?.id
  );
}
