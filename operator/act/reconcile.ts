import { isConflict, isNamespaceTerminating } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { missingSecretLookMs } from '../observe/webhook-secrets.ts';
import { type Action, isAlongside, isPreparation, type Plan } from '../plan/action.ts';
import type { Observed } from '../plan/observed.ts';
import { plan } from '../plan/plan.ts';
import type { StatusWriter } from '../publish/status.ts';
import type { SessionKey } from '../resource/names.ts';
import type { Pacing } from './pacing.ts';
import type { Perform } from './perform.ts';
import { SessionEndRefusedError } from './session-end-refused-error.ts';

export interface ReconcileDependencies {
  readonly observe: (key: SessionKey, signal: AbortSignal) => Promise<Observed | undefined>;
  readonly perform: Perform;
  readonly status: StatusWriter;
  /** Tells people what the status does not. */
  readonly tell: (observed: Observed) => void;
  /** What only so many sessions may do at once. */
  readonly pacings: readonly Pacing[];
  readonly log: Log;
}

export interface Result {
  readonly requeueAfterMs?: number;
  /** Somebody else wrote in between: look again, which is no error. */
  readonly conflict?: true;
}

/** How often a session is looked at whose namespace is being deleted, in milliseconds. */
const terminatingLookMs = 2_000;
/** How often a pod is looked at that no watch tells of, in milliseconds. */
const unwatchedLookMs = 1_000;

/** One look at one session: observe, plan, act in order, publish. */
export function createReconcile({ observe, perform, status, tell, pacings, log }: ReconcileDependencies) {
  return async function reconcile(key: SessionKey, signal: AbortSignal): Promise<Result> {
    const seen = await observe(key, signal);
    if (seen === undefined) {
      for (const { settle } of pacings) settle(key);
      return {}; // Neither a session nor a pod of ours is left under this key.
    }
    const { observed, decision, isHeldBack } = decide(key, seen);
    if (decision.actions.length > 0) log.debug('Planned', { session: key, plan: decision.reason });
    const failure = await firstFailure(decision, observed, signal);
    if (isConflict(failure)) return { conflict: true }; // It keeps its turn for the next look.
    if (!isHeldBack) for (const { settle } of pacings) settle(key);
    // Nothing can be made there any more, and the session is deleted next.
    if (isNamespaceTerminating(failure)) return { requeueAfterMs: terminatingLookMs };
    tell(observed);
    // Looks once more, since own writes are in the caches now; and before the throw, so that a user reads the failure.
    const after = decision.actions.length > 0 ? await observe(key, signal) : observed;
    try {
      if (after !== undefined)
        await status.publish(after, signal, failure === undefined ? undefined : sentence(failure));
    } catch (error) {
      if (isConflict(error)) return { conflict: true };
      throw error;
    }
    // It keeps its own time: the backoff of a failure is longer than the deadlines that it has to meet.
    if (failure instanceof SessionEndRefusedError) return { requeueAfterMs: failure.retryInMs };
    if (failure !== undefined) throw failure;
    return soonest(
      decision.requeueAfterMs,
      observed.missingSecrets.length > 0 ? missingSecretLookMs : undefined,
      after?.pod !== undefined && !after.podIsWatched ? unwatchedLookMs : undefined,
    );
  };

  /** What waits for its turn is decided once more, as one that waits: there may be other things to do meanwhile. */
  function decide(key: SessionKey, seen: Observed) {
    const wanted = plan(seen);
    const isHeldBack = pacings.map(({ allows }) => allows(key, seen, wanted)).includes(false);
    const observed = isHeldBack ? { ...seen, waitsForTurn: true } : seen;
    return { observed, decision: isHeldBack ? plan(observed) : wanted, isHeldBack };
  }

  /** The first failure of what prepares, then of the rest beside what is done alongside. */
  async function firstFailure({ actions }: Plan, observed: Observed, signal: AbortSignal): Promise<unknown> {
    const each = (some: readonly Action[]) => some.map((action) => attempt(action, observed, signal));
    const prepared = failureOf(await Promise.all(each(actions.filter(isPreparation))));
    if (prepared !== undefined) return prepared;
    const inOrder = inSequence(
      actions.filter((action) => !isPreparation(action) && !isAlongside(action)),
      observed,
      signal,
    );
    // Waited for in any case: the key is free once this look is over.
    return failureOf(await Promise.all([inOrder, ...each(actions.filter(isAlongside))]));
  }

  /** No further than the first failure: a session_end that is not recorded must leave its pod in place. */
  async function inSequence(actions: readonly Action[], observed: Observed, signal: AbortSignal): Promise<unknown> {
    for (const action of actions) {
      const failure = await attempt(action, observed, signal);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  async function attempt(action: Action, observed: Observed, signal: AbortSignal): Promise<unknown> {
    try {
      signal.throwIfAborted(); // The lease is gone: another leader may act.
      await perform(action, observed, signal);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
export type Reconcile = ReturnType<typeof createReconcile>;

function soonest(...waitsMs: readonly (number | undefined)[]): Result {
  const requeueAfterMs = Math.min(...waitsMs.filter((waitMs) => waitMs !== undefined));
  return Number.isFinite(requeueAfterMs) ? { requeueAfterMs } : {};
}

const failureOf = (outcomes: readonly unknown[]) => outcomes.find((each) => each !== undefined);

const sentence = (failure: unknown) => (failure instanceof Error ? failure.message : String(failure));
