import { podAnnotation, podFinalizer, sessionContainer, sessionFinalizer } from '@berth/operator/resource/names.ts';
import type { AuditEvent, AuditedObject } from './audit-log.ts';

/** What the API server recorded, judged. */
export interface Verdict {
  /** A sentence for each promise that was broken; empty when all were kept. */
  readonly broken: readonly string[];
  /** What was there to be judged: a test asks for more than nothing. */
  readonly seen: {
    readonly pods: number;
    readonly released: number;
    readonly ends: number;
    readonly kills: number;
    readonly sessionsReleased: number;
  };
}

interface Run {
  readonly name: string;
  readonly sessionUid: string;
  /** The first answer after which the pod carried our finalizer no more. */
  releasedAt?: string;
  /** Each creation of a record of its end that was answered by 201: when, and whether it says that the death was proved. */
  readonly records: EndRecord[];
  /** When the reason of its end was first written down. */
  markedAt?: string;
}

interface EndRecord {
  readonly at: string;
  readonly namespace: string;
  readonly confirmed: boolean;
  /** Of one in a namespace that goes, whose sinks have not all taken it. */
  readonly isCopy: boolean;
}

const operatorAgent = 'berth-operator';

/**
 * Judges promises 1, 2 and 5 from the API server's audit log alone. Moments are compared by the API server's one clock:
 * what must come first must have been answered before the other was asked for.
 */
export function judgeAuditLog(events: readonly AuditEvent[]): Verdict {
  const runs = new Map<string, Run>();
  const broken: string[] = [];
  let [ends, kills, sessionsReleased] = [0, 0, 0];
  const runsOf = (sessionUid: string | undefined) =>
    [...runs.entries()].filter(([, run]) => run.sessionUid === sessionUid);

  function podCreated({ responseObject, requestReceivedTimestamp }: AuditEvent): void {
    const { name = '', uid = '', annotations = {} } = responseObject?.metadata ?? {};
    const sessionUid = annotations[podAnnotation.sessionUid];
    if (sessionUid === undefined) return;
    for (const [otherUid, other] of runsOf(sessionUid))
      if (other.releasedAt === undefined || other.releasedAt > requestReceivedTimestamp)
        broken.push(`Pod "${name}" (${uid}) was made before "${otherUid}" of the same session was released`);
    runs.set(uid, { name, sessionUid, records: [] });
  }

  function podDeleted(event: AuditEvent): void {
    if (!isOperators(event)) return;
    kills++;
    const name = event.objectRef?.name ?? '';
    const { gracePeriodSeconds, preconditions } = event.requestObject ?? {};
    if (gracePeriodSeconds !== 0)
      broken.push(`Pod "${name}" was deleted by the operator with grace ${gracePeriodSeconds}`);
    if (preconditions?.uid === undefined) broken.push(`Pod "${name}" was deleted by the operator without its uid`);
    const run = runs.get(preconditions?.uid ?? '');
    if (event.responseStatus?.code !== 200 || run === undefined) return;
    // Of a pod whose session is gone nobody can write the reason down: it is `deleted`.
    const sessionIsGone = released.has(run.sessionUid);
    const marked = run.markedAt !== undefined && run.markedAt <= event.requestReceivedTimestamp;
    if (!marked && !sessionIsGone && !isDead(event.responseObject))
      broken.push(`Living pod "${name}" (${preconditions?.uid}) was deleted before the reason was written down`);
    if (!finalizersOf(event.responseObject).includes(podFinalizer)) podReleased(event, preconditions?.uid ?? '');
  }

  function podWritten(event: AuditEvent): void {
    const uid = event.responseObject?.metadata?.uid ?? '';
    if (runs.has(uid) && !finalizersOf(event.responseObject).includes(podFinalizer)) podReleased(event, uid);
  }

  function podReleased(event: AuditEvent, uid: string): void {
    const run = runs.get(uid);
    if (run === undefined || run.releasedAt !== undefined) return;
    run.releasedAt = event.stageTimestamp;
    if (!isOperators(event)) return; // Somebody took the finalizer off: nothing of it was the operator's to order.
    const about = `Pod "${run.name}" (${uid})`;
    if (!run.records.some(({ at }) => at <= event.requestReceivedTimestamp))
      broken.push(`${about} was released before its end was recorded`);
    if (!isDead(event.responseObject) && run.records.some(({ confirmed }) => confirmed))
      broken.push(`${about} was released before it was reported as terminated`);
  }

  function endCreated({ responseObject, objectRef, stageTimestamp }: AuditEvent): void {
    ends++;
    const { uid = '' } = (responseObject?.spec?.['run'] ?? {}) as { uid?: string };
    const run = runs.get(uid);
    if (run === undefined) broken.push(`"${objectRef?.namespace}" got the end of a run that never was, "${uid}"`);
    const { namespace = '' } = objectRef ?? {};
    const isCopy =
      run?.records.some((other) => other.namespace !== namespace && goingNamespaces.has(other.namespace)) ?? false;
    const confirmed = responseObject?.spec?.['terminationConfirmed'] === true;
    run?.records.push({ at: stageTimestamp, namespace, confirmed, isCopy });
  }

  const goingNamespaces = new Set<string>();
  const released = new Set<string>();
  function sessionWritten({ responseObject, requestReceivedTimestamp, stageTimestamp }: AuditEvent): void {
    const { uid = '', name, deletionTimestamp } = responseObject?.metadata ?? {};
    const marked = (responseObject?.status?.['run'] ?? {}) as { uid?: string; ending?: object };
    const run = runs.get(marked.uid ?? '');
    if (run !== undefined && marked.ending !== undefined) run.markedAt ??= stageTimestamp;
    if (deletionTimestamp === undefined || finalizersOf(responseObject).includes(sessionFinalizer)) return;
    if (released.has(uid)) return;
    sessionsReleased++;
    released.add(uid);
    for (const [podUid, { releasedAt }] of runsOf(uid))
      if (releasedAt === undefined || releasedAt > requestReceivedTimestamp)
        broken.push(`Session "${name}" was let go before its pod "${podUid}" was`);
  }

  for (const event of events) {
    const { verb, objectRef, responseStatus } = event;
    const isWrite = verb === 'patch' || verb === 'update';
    const succeeded = (responseStatus?.code ?? 500) < 300;
    const what = `${objectRef?.resource}${objectRef?.subresource === undefined ? '' : `/${objectRef.subresource}`}`;
    if (what === 'pods' && verb === 'delete') podDeleted(event);
    if (!succeeded) continue;
    if (what === 'namespaces' && verb === 'delete') goingNamespaces.add(objectRef?.name ?? '');
    if (what === 'pods' && verb === 'create') podCreated(event);
    if (what === 'pods' && isWrite) podWritten(event);
    if (what === 'sessionends' && verb === 'create') endCreated(event);
    if (objectRef?.resource === 'whatsappsessions' && isWrite) sessionWritten(event);
  }
  for (const [uid, { name, releasedAt, records }] of runs) {
    const originals = records.filter(({ isCopy }) => !isCopy).length;
    if (originals > 1) broken.push(`Pod "${name}" (${uid}) has ${originals} ends`);
    if (releasedAt !== undefined && records.length === 0) broken.push(`Pod "${name}" (${uid}) went without an end`);
  }
  const releasedRuns = [...runs.values()].filter(({ releasedAt }) => releasedAt !== undefined).length;
  return { broken, seen: { pods: runs.size, released: releasedRuns, ends, kills, sessionsReleased } };
}

const isOperators = ({ userAgent }: AuditEvent) => userAgent?.startsWith(operatorAgent) ?? false;
const finalizersOf = (object: AuditedObject | undefined) => object?.metadata?.finalizers ?? [];

/** By the kubelet's word, or because no node ever had it. */
function isDead(pod: AuditedObject | undefined): boolean {
  if (pod?.spec?.['nodeName'] === undefined) return true;
  const statuses = (pod.status?.['containerStatuses'] ?? []) as readonly { name: string; state?: object }[];
  const state = statuses.find(({ name }) => name === sessionContainer)?.state;
  return state !== undefined && 'terminated' in state;
}
