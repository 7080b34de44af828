import { sessionEndName } from '../resource/names.ts';
import type { SessionEndSpec } from '../resource/session-end.ts';
import type { Engine } from '../resource/whatsapp-session.ts';
import type { Action } from './action.ts';
import { bounded } from './bounded-text.ts';
import { endMessage, endReason } from './end-reason.ts';
import type { Observed, ObservedPod, ObservedSession } from './observed.ts';
import { sinksOf, withClusterSinks } from './sinks.ts';

/** By name, so that the compiler finds an engine that is missing. */
const engines: Readonly<Record<Engine, true>> = { Baileys: true, WhatsAppWebJS: true };

const rfc3339 = (ms: number) => new Date(ms).toISOString();

/** The record of the end of a pod's run. Where the session is gone, the pod's annotations say what it was. */
export function recordEnd(pod: ObservedPod, observed: Observed, terminationConfirmed: boolean): Action {
  const owner = observed.session?.uid === pod.sessionUid ? observed.session : undefined;
  const { reason, message } = endReason(pod, owner, observed.node);
  const { container } = pod;
  const exit =
    container.state === 'terminated'
      ? { exitCode: container.exitCode, ...(container.signal === undefined ? {} : { signal: container.signal }) }
      : {};
  const finishedAtMs = container.state === 'terminated' ? container.finishedAtMs : undefined;
  return createSessionEnd(observed, {
    session: { namespace: pod.namespace, name: pod.name, uid: pod.sessionUid ?? '' },
    run: { uid: pod.uid, ...(pod.runNumber === undefined ? {} : { number: pod.runNumber }) },
    engine: owner?.spec.engine ?? engineOf(pod),
    ...reported(owner, pod.uid),
    reason,
    message: bounded(message),
    ...exit,
    startedAt: rfc3339(pod.createdAtMs),
    endedAt: rfc3339(finishedAtMs ?? observed.nowMs),
    terminationConfirmed,
    sinks: withClusterSinks(owner === undefined ? pod.sinks : sinksOf(owner.spec), observed.config.clusterSinks),
  });
}

/** By the annotation, which anybody who may edit pods may break: it becomes a label of a metric, and those are a closed set. */
const engineOf = ({ engine }: ObservedPod) =>
  engine !== undefined && Object.hasOwn(engines, engine) ? engine : 'unknown';

/** The record of a run that the status knows, whose pod went without one: somebody took its finalizer off. */
export function recordLostEnd(session: ObservedSession, observed: Observed): Action | undefined {
  const { run } = session.status;
  if (run === undefined) return undefined;
  const reason = run.ending?.reason ?? 'unknown';
  return createSessionEnd(observed, {
    session: { namespace: session.namespace, name: session.name, uid: session.uid },
    run: { uid: run.uid, number: run.number },
    engine: session.spec.engine,
    ...reported(session, run.uid),
    reason,
    message: endMessage(reason),
    ...(run.startedAt === undefined ? {} : { startedAt: run.startedAt }),
    endedAt: rfc3339(observed.nowMs),
    terminationConfirmed: false,
    sinks: withClusterSinks(sinksOf(session.spec), observed.config.clusterSinks),
  });
}

function reported(session: ObservedSession | undefined, runUid: string): Pick<SessionEndSpec, 'account' | 'readyAt'> {
  const report = session?.status.report;
  if (report === undefined) return {};
  const account = report.account === undefined ? {} : { account: { id: report.account.id } };
  return report.runUid === runUid && report.readyAt !== undefined ? { ...account, readyAt: report.readyAt } : account;
}

function createSessionEnd({ name }: Observed, spec: SessionEndSpec): Action {
  return { type: 'CreateSessionEnd', name: sessionEndName(name, spec.run.uid), spec };
}
