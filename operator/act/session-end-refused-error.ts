import { BerthError } from '@berth/protocol';
import type { SessionKey } from '../resource/names.ts';

/** The record of an end is refused: by a quota, an admission policy or webhook, or RBAC. The pod waits for it. */
export class SessionEndRefusedError extends BerthError {
  readonly code = 'SESSION_END_REFUSED';
  readonly retryable = true;
  /** Until the next attempt, in milliseconds. */
  readonly retryInMs: number;

  constructor(session: SessionKey, why: string, retryInMs: number, options?: ErrorOptions) {
    super(`Cannot record the end of "${session}": it is refused (${why}); lift what refuses it`, options);
    this.retryInMs = retryInMs;
  }
}
