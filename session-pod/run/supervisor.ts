import type { ReportContent } from '../deliver/operator-report.ts';
import type { Engine, EngineListener } from '../engine/engine.ts';
import type { Log } from '../publish/log.ts';
import { masked } from '../publish/masked-text.ts';
import { advance } from '../session/advance.ts';
import { recentLosses } from '../session/recent-losses.ts';
import type { Reported } from '../session/report-schedule.ts';
import { reportDueInMs } from '../session/report-schedule.ts';
import type { Session, SessionEffect, SessionEvent } from '../session/session.ts';
import { newSession } from '../session/session.ts';

export type EndEffect = Extract<SessionEffect, { type: 'End' }>;
export type Correction = Extract<SessionEffect, { type: 'CorrectLastWords' }>;

export interface SupervisorOptions {
  readonly createEngine: (listener: EngineListener) => Engine;
  readonly onMessage: EngineListener['onMessage'];
  readonly onAck: EngineListener['onAck'];
  /** Hears of each new state of the session. */
  readonly onSession: (session: Session) => void;
  readonly sendReport: (content: Omit<ReportContent, 'runUid' | 'certificateSha256'>) => void;
  /** Called once: the run has to end within this many milliseconds. */
  readonly onEnd: (end: EndEffect, withinMs: number) => void;
  /** Called after `onEnd`, while the end is under way: these are the true last words. */
  readonly onCorrection: (correction: Correction) => void;
  readonly processStartedAtMs: number;
  /** A report counts the connections that got lost in so many milliseconds before it. */
  readonly reconnectWindowMs: number;
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface Supervisor {
  readonly engine: Engine;
  readonly session: () => Session;
  readonly start: () => void;
  /** Tells the session that something other than its engine happened. An end that follows is to take at most `withinMs`. */
  readonly tell: (event: SessionEvent, withinMs: number) => void;
}

/** An end that nobody has set a time for, such as a logout. */
const ownEndWithinMs = 5_000;

/** Feeds events to the session's state machine, does what it asks for, and reports what it has become. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { log, nowMs, processStartedAtMs } = options;
  let session = newSession(nowMs());
  let reported: Reported | undefined;
  let reportTimer: NodeJS.Timeout | undefined;
  let dialTimer: NodeJS.Timeout | undefined;

  function handle(event: SessionEvent, endWithinMs = ownEndWithinMs): void {
    const before = session;
    const { session: next, effects } = advance(before, event, nowMs());
    session = next;
    if (next.state !== before.state) {
      log.info({ from: before.state, to: next.state, reconnects: next.reconnects }, 'Session changed state');
    }
    if (event.type === 'Closed') log.info({ disconnectCode: event.code, because: event.message }, 'Connection closed');
    options.onSession(next);
    for (const effect of effects) perform(effect, endWithinMs);
    scheduleReport();
  }

  function perform(effect: SessionEffect, endWithinMs: number): void {
    if (effect.type === 'CorrectLastWords') return options.onCorrection(effect);
    clearTimeout(dialTimer); // Both a new dial and the end take the place of a dial that is still to come.
    if (effect.type === 'End') return options.onEnd(effect, endWithinMs);
    dialTimer = setTimeout(dial, effect.inMs);
  }

  function dial(): void {
    engine.connect().catch((error: unknown) => {
      log.error({ err: error }, 'Dialling failed');
      const message = masked(error instanceof Error ? error.message : String(error));
      handle({ type: 'Closed', code: 500, saidByWhatsApp: false, message, random: Math.random() });
    });
  }

  function scheduleReport(): void {
    clearTimeout(reportTimer);
    const dueInMs = reportDueInMs(session, reported, processStartedAtMs, nowMs());
    if (dueInMs === undefined) return;
    if (dueInMs > 0) {
      reportTimer = setTimeout(scheduleReport, dueInMs);
      return;
    }
    const { state, sinceMs, reconnects, account, message } = session;
    reported = { state, reconnects, ...(account ? { account } : {}), ...(message ? { message } : {}) };
    options.sendReport({
      state,
      stateSince: new Date(sinceMs).toISOString(),
      reconnects,
      recentReconnects: recentLosses(session, options.reconnectWindowMs, nowMs()),
      ...(account ? { account } : {}),
      ...(message ? { message } : {}),
    });
  }

  const { onMessage, onAck } = options;
  const engine = options.createEngine({ onSession: (event) => handle(event), onMessage, onAck });
  return {
    engine,
    session: () => session,
    start: () => handle({ type: 'Started' }),
    tell: handle,
  };
}
