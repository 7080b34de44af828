import type { Session } from '@berth/session-pod/session/session.ts';
import { newSession } from '@berth/session-pod/session/session.ts';

/** When the sessions of these tests entered their state. */
export const sinceMs = 1_000_000;

/** A session that has been ready for long, unless told. */
export function aSession(given: Partial<Session> = {}): Session {
  return { ...newSession(sinceMs), state: 'ready', ...given };
}
