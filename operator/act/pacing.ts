import type { Plan } from '../plan/action.ts';
import type { Observed } from '../plan/observed.ts';
import type { SessionKey } from '../resource/names.ts';
import type { Priority } from '../watch/priority.ts';

/** Something that only so many sessions may do at once. */
export interface Pacing {
  /**
   * Whether the plan may be carried out now. If not, its key waits in line, and is woken when it is its turn; a plan that
   * wants no turn gives it up.
   */
  readonly allows: (key: SessionKey, observed: Observed, plan: Plan) => boolean;
  /** The look at a key that was not held back is over: what it wanted is under way, or failed. */
  readonly settle: (key: SessionKey) => void;
  /** Forgets who waits: another replica leads now. */
  readonly clear: () => void;
}

/** Puts a key whose turn it is into the queue. */
export type Wake = (key: SessionKey, priority: Priority) => void;
