import type { ObservedClaim, ObservedSession, ObservedSessionEnd } from '../plan/observed.ts';
import { deliveryFinalizer, replayAnnotation, sessionFinalizer, sessionKey } from '../resource/names.ts';
import type { ObjectMeta } from '../resource/object-meta.ts';
import type { SessionEnd } from '../resource/session-end.ts';
import type { WhatsAppSession } from '../resource/whatsapp-session.ts';
import { optional } from './slim-pod.ts';

/** Cuts a session down to what `plan` reads. */
export function slimSession(raw: unknown): ObservedSession {
  const { metadata, spec, status } = raw as WhatsAppSession;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    createdAtMs: Date.parse(metadata.creationTimestamp),
    deletionRequested: metadata.deletionTimestamp !== undefined,
    ...optional('deletionAtMs', metadata.deletionTimestamp && Date.parse(metadata.deletionTimestamp)),
    hasFinalizer: metadata.finalizers?.includes(sessionFinalizer) ?? false,
    otherFinalizers: metadata.finalizers?.filter((finalizer) => finalizer !== sessionFinalizer) ?? [],
    spec,
    status: status ?? {},
  };
}

/** Cuts the record of an end down to what `plan` reads. */
export function slimSessionEnd(raw: unknown): ObservedSessionEnd {
  const { metadata, spec, status } = raw as SessionEnd;
  const sinks = spec.sinks?.length ?? 0;
  const lastError = status?.deliveries?.find(({ deliveredAt, lastError: error }) => !deliveredAt && error)?.lastError;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    sessionKey: sessionKey(spec.session.namespace, spec.session.name),
    sessionUid: spec.session.uid,
    runUid: spec.run.uid,
    ...optional('runNumber', spec.run.number),
    reason: spec.reason,
    createdAtMs: Date.parse(metadata.creationTimestamp),
    endedAt: spec.endedAt,
    ...optional('readyAt', spec.readyAt),
    terminationConfirmed: spec.terminationConfirmed,
    settled: sinks === 0 || status?.delivered === 'True' || status?.delivered === 'GivenUp',
    ...(status?.delivered === 'GivenUp' ? { isGivenUp: true } : {}),
    ...(metadata.annotations?.[replayAnnotation] === undefined ? {} : { replayRequested: true }),
    hasFinalizer: metadata.finalizers?.includes(deliveryFinalizer) ?? false,
    ...optional('lastError', lastError),
  };
}

/** Cuts a claim down to what `plan` reads. */
export function slimClaim(raw: unknown): ObservedClaim {
  const { metadata } = raw as { metadata: ObjectMeta };
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    deletionRequested: metadata.deletionTimestamp !== undefined,
  };
}
