import { disconnectVerdict, replacedCode, restartRequiredCode } from './disconnect-verdict.ts';
import { withLoss } from './recent-losses.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import type { Account, Session, SessionEffect, SessionEvent } from './session.ts';

/** A connection that lived this long counts as healthy again: without it, a login loop would dial once a second. */
const healthyAfterMs = 60_000;

export interface Advance {
  readonly session: Session;
  readonly effects: readonly SessionEffect[];
}
type Closed = Extract<SessionEvent, { type: 'Closed' }>;

/** Says what an event makes of the session and what has to be done. The same input always gives the same output. */
export function advance(session: Session, event: SessionEvent, nowMs: number): Advance {
  if (session.state === 'stopping') return whileStopping(session, event);
  switch (event.type) {
    case 'Started':
      return { session, effects: [{ type: 'Dial', inMs: 0 }] };
    case 'QrReceived':
      return settle({ ...enter(session, 'waiting_for_pairing', nowMs), qr: event.qr, failedDials: 0 });
    case 'PairingCodeReceived':
      return settle({
        ...enter(session, 'waiting_for_pairing', nowMs),
        pairingCode: event.code,
        failedDials: 0,
      });
    case 'Paired':
      return settle(enter(session, 'authenticated', nowMs));
    case 'Opened':
      return settle(withAccount(withoutMessage(enter(session, 'ready', nowMs)), event.account));
    case 'AccountLearnt':
      return settle(withAccount(session, event.account));
    case 'Closed':
      return closed(session, event, nowMs);
    case 'Failed':
      return end(session, nowMs, { ...event, type: 'End', exitCode: 1, eraseCredentials: false });
    case 'StopAsked':
      return end(session, nowMs, {
        type: 'End',
        exitCode: 0,
        message: event.message,
        eraseCredentials: false,
        ...(event.logOut ? { logOut: true } : {}),
      });
    case 'RunOver':
      return end(session, nowMs, { type: 'End', exitCode: 0, message: event.message, eraseCredentials: false });
  }
}

/** What is stopping has its last words already: a late event of the engine must not bring it back. */
function whileStopping(session: Session, event: SessionEvent): Advance {
  if (event.type !== 'RunOver' || session.endsAs !== 'replaced') return { session, effects: [] };
  // It was this run's successor that took its place: the end of a ghost has the reason for which it was given up.
  const { endsAs: _, ...ghost } = session;
  return { session: ghost, effects: [{ type: 'CorrectLastWords', code: replacedCode, message: event.message }] };
}

function closed(session: Session, event: Closed, nowMs: number): Advance {
  const { code, message } = event;
  const sinceRestartMs = nowMs - (session.restartAskedAtMs ?? Number.NEGATIVE_INFINITY);
  // A proxy may answer 401 or 403 to the upgrade: only WhatsApp itself can end a login.
  const verdict = event.saidByWhatsApp ? disconnectVerdict(code, sinceRestartMs) : 'reconnect';
  if (verdict !== 'reconnect') {
    return end(session, nowMs, {
      type: 'End',
      exitCode: 1,
      reason: verdict,
      code,
      message,
      eraseCredentials: verdict === 'logged_out',
    });
  }
  const isFirstRestart = (session.restartAskedAtMs ?? Number.NEGATIVE_INFINITY) < session.sinceMs;
  if (code === restartRequiredCode && session.state === 'authenticated' && isFirstRestart) {
    // Part of every pairing: the same login goes on over a new connection. A second one waits like any other loss.
    return { session: { ...session, restartAskedAtMs: nowMs, message }, effects: [{ type: 'Dial', inMs: 0 }] };
  }
  return redial(session, event, nowMs);
}

function redial(session: Session, { code, message, random }: Closed, nowMs: number): Advance {
  const wasLoggedIn = session.state === 'ready' || session.state === 'authenticated';
  const wasHealthy = session.state === 'ready' && nowMs - session.sinceMs >= healthyAfterMs;
  // A QR code that nobody scanned ends in a 408 too: that is neither a failure nor a lost connection.
  const wasWaiting = session.state === 'waiting_for_pairing';
  const failedDials = wasHealthy || wasWaiting ? 0 : session.failedDials;
  const next = enter(session, wasLoggedIn || session.state === 'reconnecting' ? 'reconnecting' : 'connecting', nowMs);
  return {
    session: {
      ...next,
      ...(wasLoggedIn ? withLoss(session, nowMs) : {}),
      failedDials: failedDials + 1,
      message,
      ...(code === restartRequiredCode ? { restartAskedAtMs: nowMs } : {}),
    },
    effects: [{ type: 'Dial', inMs: reconnectDelayMs(failedDials, random) }],
  };
}

/** Enters a state; staying in it keeps the time since when. A QR or pairing code is good only while somebody is waited for. */
function enter({ qr: _qr, pairingCode: _code, ...session }: Session, state: Session['state'], nowMs: number): Session {
  return session.state === state ? session : { ...session, state, sinceMs: nowMs };
}

function end(session: Session, nowMs: number, { type, ...words }: Extract<SessionEffect, { type: 'End' }>): Advance {
  const { message, reason } = words;
  const stopping = { ...enter(session, 'stopping', nowMs), message, ...(reason ? { endsAs: reason } : {}) };
  return { session: stopping, effects: [{ type, ...words }] };
}

function withAccount(session: Session, account: Account | undefined): Session {
  return account === undefined ? session : { ...session, account };
}

function withoutMessage({ message: _message, ...session }: Session): Session {
  return session;
}

function settle(session: Session): Advance {
  return { session, effects: [] };
}
