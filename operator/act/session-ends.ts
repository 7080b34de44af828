import type { KubernetesClient } from '../kubernetes/client.ts';
import { ApiError, isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { elsewhereAfterMs, type RefusedEnds } from '../observe/refused-ends.ts';
import type { Action } from '../plan/action.ts';
import { endInTerminatingNamespace } from '../plan/end-reason.ts';
import type { Observed, ObservedSessionEnd } from '../plan/observed.ts';
import type { EventRecorder } from '../publish/events.ts';
import {
  apiVersion,
  deliveryFinalizer,
  managedByLabel,
  managedByValue,
  path,
  sessionKey,
  sessionLabel,
} from '../resource/names.ts';
import type { SessionEndSpec } from '../resource/session-end.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import { SessionEndRefusedError } from './session-end-refused-error.ts';

type CreateSessionEnd = Extract<Action, { type: 'CreateSessionEnd' }>;

/** Delivers the ends that no namespace takes, from memory. */
export interface Unrecorded {
  /** Begins to deliver it, unless it has. */
  take(spec: SessionEndSpec): void;
  /** It is recorded after all: the outbox delivers it. */
  forget(runUid: string): void;
}

/** How long a first creation may take, in milliseconds: a webhook that hangs must not keep a worker. */
const createTimeoutMs = 5_000;
/** A later one may take longer than a webhook (10 s if it does not say): one that may be ignored is, once its time is over. */
const retryTimeoutMs = 12_000;
/** Later ones under way at once: workers must be left for the kills of other sessions. */
const retriesAtMost = 2;
/** Until the next attempt when there are so many, in milliseconds. */
const retryTurnMs = 1_000;

/** Records ends. The name is made of the run's uid, so a second creation is refused, and that is success. */
export function createSessionEnds(dependencies: {
  readonly client: KubernetesClient;
  readonly sessionEnds: SlimCache<ObservedSessionEnd>;
  readonly refusedEnds: RefusedEnds;
  readonly unrecorded: Unrecorded;
  readonly events: EventRecorder;
  readonly operatorNamespace: string;
  readonly onCreated: (action: CreateSessionEnd) => void;
  /** A run is let go without a record. */
  readonly onLost: () => void;
  readonly log: Log;
}) {
  const { client, sessionEnds, refusedEnds, unrecorded, events, operatorNamespace, log } = dependencies;
  let retries = 0;

  async function readIn(namespace: string, name: string, signal: AbortSignal): Promise<void> {
    sessionEnds.absorb(await client.request({ method: 'GET', path: path.sessionEnd(namespace, name), signal }));
  }

  /** Gives the refusal, if it is one. */
  async function createIn(
    namespace: string,
    { name, spec }: CreateSessionEnd,
    signal: AbortSignal,
  ): Promise<'created' | 'was there' | ApiError> {
    const undelivered = (spec.sinks?.length ?? 0) > 0;
    const labels = { [managedByLabel]: managedByValue, [sessionLabel]: spec.session.name };
    const metadata = { name, namespace, labels, ...(undelivered ? { finalizers: [deliveryFinalizer] } : {}) };
    const body = { apiVersion, kind: 'SessionEnd', metadata, spec };
    const create = { method: 'POST', path: path.sessionEnds(namespace), body, signal } as const;
    try {
      const timeoutMs = refusedEnds.sinceMs(spec.run.uid) === undefined ? createTimeoutMs : retryTimeoutMs;
      sessionEnds.absorb(await client.request({ ...create, timeoutMs }));
      return 'created';
    } catch (error) {
      if (isAlreadyExists(error)) {
        await readIn(namespace, name, signal);
        return 'was there';
      }
      if (!(error instanceof ApiError) || isConflict(error)) throw error;
      signal.throwIfAborted();
      return (await isMissing(error, namespace, name, signal)) ? error : 'was there';
    }
  }

  /**
   * Whether a failed creation is a refusal. No answer, or one of 5xx, may be a webhook that hangs or fails, or an API
   * server that is down, and the record may exist all the same: a read tells.
   */
  async function isMissing(error: ApiError, namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    if (!error.retryable) return true;
    try {
      await readIn(namespace, name, signal);
      return false;
    } catch (readError) {
      if (isNotFound(readError)) return true;
      throw error;
    }
  }

  /** The session's namespace; after 10 s of refusals, or at once where everything goes, the operator's. */
  async function createSomewhere({ namespace }: Observed, planned: CreateSessionEnd, signal: AbortSignal) {
    const outcome = await createIn(namespace, planned, signal);
    // The refusal is the first that is heard of it: no watch is kept on namespaces.
    const goes = outcome instanceof ApiError && isNamespaceTerminating(outcome);
    const action = goes ? { ...planned, spec: endInTerminatingNamespace(planned.spec) } : planned;
    if (!(outcome instanceof ApiError) || namespace === operatorNamespace)
      return { outcome, action, isEverywhere: true };
    const sinceMs = refusedEnds.sinceMs(action.spec.run.uid) ?? client.nowMs();
    const lasts = client.nowMs() - sinceMs >= elsewhereAfterMs;
    if (!lasts && !goes) return { outcome, action, isEverywhere: false };
    const elsewhere = await createIn(operatorNamespace, action, signal);
    if (elsewhere === 'created')
      log.warn("Session end recorded in the operator's namespace: its own refuses it", {
        session: sessionKey(namespace, action.spec.session.name),
        run: action.spec.run.uid,
        refusal: outcome.message,
      });
    return { outcome: elsewhere, action, isEverywhere: true };
  }

  /** As `createSomewhere`, a few at a time where it was refused before. */
  async function createInTurn(observed: Observed, planned: CreateSessionEnd, signal: AbortSignal) {
    const { session, run } = planned.spec;
    const why = refusedEnds.why(run.uid);
    if (why === undefined) return createSomewhere(observed, planned, signal);
    if (retries >= retriesAtMost)
      throw new SessionEndRefusedError(sessionKey(session.namespace, session.name), why, retryTurnMs);
    retries++;
    try {
      return await createSomewhere(observed, planned, signal);
    } finally {
      retries--;
    }
  }

  function refused({ spec, name }: CreateSessionEnd, error: ApiError, isEverywhere: boolean): never {
    const { session, run } = spec;
    const key = sessionKey(session.namespace, session.name);
    if (refusedEnds.sinceMs(run.uid) === undefined)
      log.warn('Session end refused; it is tried again', { session: key, run: run.uid, error });
    const why = error.message;
    const refusal = refusedEnds.refused({ name, spec }, { why, isEverywhere, nowMs: client.nowMs() });
    if (refusal?.isFirstEverywhere) keepInLog(spec, error);
    if (isEverywhere) unrecorded.take(spec);
    if (refusal?.isGivenUp) lose(spec, error);
    throw new SessionEndRefusedError(key, why, refusal?.retryInMs ?? elsewhereAfterMs, { cause: error });
  }

  /** The log is the last place: everything but the sinks' URLs, whose paths and queries may hold secrets. */
  function keepInLog({ sinks = [], ...spec }: SessionEndSpec, error: ApiError): void {
    const record = { ...spec, sinks: sinks.map(({ url }) => URL.parse(url)?.origin ?? 'no URL') };
    log.error('Session end refused everywhere; this is its record', { record, error });
  }

  function lose(spec: SessionEndSpec, error: ApiError): void {
    const { session, run } = spec;
    log.error('Session end lost: its pod is released without a record', {
      session: sessionKey(session.namespace, session.name),
      run: run.uid,
      error,
    });
    events.record(
      session,
      'Warning',
      'SessionEndLost',
      `The end of run ${run.number ?? run.uid} (${spec.reason}) could not be recorded, and its pod is released without: ${error.message}`,
    );
    dependencies.onLost();
  }

  return {
    /**
     * @throws {SessionEndRefusedError} refused; it says when it is tried again
     * @throws {ApiError} the API server is down
     */
    async create(observed: Observed, planned: CreateSessionEnd, signal: AbortSignal): Promise<void> {
      const { session, run } = planned.spec;
      const key = sessionKey(session.namespace, session.name);
      const wait = refusedEnds.wait(run.uid, client.nowMs());
      // A change of something else is no reason to try earlier.
      if (wait !== undefined) throw new SessionEndRefusedError(key, wait.why, wait.ms);
      const { outcome, action, isEverywhere } = await createInTurn(observed, planned, signal);
      if (outcome instanceof ApiError) refused(action, outcome, isEverywhere);
      refusedEnds.recorded(run.uid);
      unrecorded.forget(run.uid);
      if (outcome !== 'created') return;
      const { reason, message } = action.spec;
      log.info('Session end recorded', { session: key, run: run.uid, reason });
      const type = reason === 'crashed' || reason === 'unknown' ? 'Warning' : 'Normal';
      events.record(session, type, 'SessionEnd', `${reason}: ${message}`);
      dependencies.onCreated(action);
    },
  };
}
export type SessionEnds = ReturnType<typeof createSessionEnds>;
