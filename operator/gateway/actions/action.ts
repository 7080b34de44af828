import type { ObservedSession } from '../../plan/observed.ts';
import type { WhatsAppSessionSpec } from '../../resource/whatsapp-session.ts';

/** Something that a caller wants of a session: which wish is written into its spec, and what shows that it came true. */
export interface Action<Outcome extends string = string> {
  /** Also the virtual subresource that RBAC knows it by. */
  readonly name: 'start' | 'stop' | 'restart' | 'logout' | 'force-kill';
  /** Of the Event that tells who did it. */
  readonly event: string;
  /**
   * What to write; undefined where it stands there already, so that asking twice is asking once.
   * @throws {ProblemError} CONFLICT: it makes no sense in the state that the session is in
   */
  readonly wish: (before: ObservedSession, nowMs: number) => Partial<WhatsAppSessionSpec> | undefined;
  /** What became of it; undefined while nothing is decided. `now` is undefined once the session is gone. */
  readonly judge: (before: ObservedSession, now: ObservedSession | undefined) => Verdict<Outcome> | undefined;
  /** When time is over. */
  readonly pending: Verdict<Outcome>;
}

export interface Verdict<Outcome extends string> {
  readonly outcome: Outcome;
  /** 200: it is so. 202: it is under way. */
  readonly status: 200 | 202;
  /** For a person: what is so, and what to do next. */
  readonly message: string;
}
