import type { Action } from '@berth/operator/plan/action.ts';
import type { Observed, ObservedPod, ObservedSession, ObservedSessionEnd } from '@berth/operator/plan/observed.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import type { ReportStatus } from '@berth/operator/resource/whatsapp-session.ts';
import { aPod, aReport, aSessionEnd } from '../builders/observed.ts';
import type { Change } from './teller.ts';

/** The little of a cluster that one session is. */
export interface Cluster {
  readonly observed: Observed;
  /** The records of ends, by the uid of the run; the first of a run stays. */
  readonly ends: ReadonlyMap<string, ObservedSessionEnd>;
  /** How many pods were made so far. */
  readonly runs: number;
  readonly sinksAnswer: boolean;
}

const rfc3339 = (ms: number) => new Date(ms).toISOString();

/** What an action of Berth makes of the cluster, where everything goes well. @param seen what it was planned for */
export function afterAction(cluster: Cluster, action: Action, seen: Observed): Cluster {
  const { observed, ends } = cluster;
  switch (action.type) {
    case 'AddSessionFinalizer':
      return onSession(cluster, (session) => ({ ...session, hasFinalizer: true }));
    case 'RemoveSessionFinalizer': {
      const { session: _, ...rest } = observed;
      return { ...cluster, observed: rest };
    }
    case 'CreateClaim': {
      const claim = { namespace: 'shop', name: 'alice-data', uid: 'claim-1', resourceVersion: '5' };
      return { ...cluster, observed: { ...observed, claim: { ...claim, deletionRequested: false } } };
    }
    case 'DeleteClaim': {
      const { claim: _, ...rest } = observed;
      return { ...cluster, observed: rest };
    }
    case 'CreatePod':
      return { ...cluster, runs: cluster.runs + 1, observed: { ...observed, pod: newPod(cluster, action) } };
    case 'MarkEnding': {
      const { reason, deadlineMs } = action;
      const deadline = deadlineMs === undefined ? {} : { deadline: rfc3339(deadlineMs) };
      const ending = { reason, since: rfc3339(observed.nowMs), ...deadline };
      return onSession(cluster, (session) => {
        const { run } = session.status;
        if (run === undefined) return session;
        const marked = { ...session, status: { ...session.status, run: { ...run, ending } } };
        return { ...marked, status: sessionStatus({ ...seen, session: marked }, marked) }; // In one write, as act/sessions.ts.
      });
    }
    case 'DeletePod':
      return onPod(cluster, (pod) => ({ ...pod, deletionRequested: true, deletionGraceSeconds: 0 }));
    case 'CreateSessionEnd': {
      const { run, reason, endedAt, readyAt, terminationConfirmed } = action.spec;
      const record = aSessionEnd({
        name: action.name,
        runUid: run.uid,
        runNumber: run.number ?? 1,
        reason,
        endedAt,
        ...(readyAt === undefined ? {} : { readyAt }),
        terminationConfirmed,
        createdAtMs: observed.nowMs,
        settled: cluster.sinksAnswer,
      });
      return ends.has(run.uid) ? cluster : { ...cluster, ends: new Map([...ends, [run.uid, record]]) };
    }
    case 'RemovePodFinalizer': {
      const { pod: _, ...rest } = observed;
      return { ...cluster, observed: rest };
    }
    case 'AddPodFinalizer':
      return onPod(cluster, (pod) => ({ ...pod, hasFinalizer: true }));
    case 'PublishTrust':
    case 'ConfirmSession':
    case 'AskPodToStop':
      return cluster;
  }
}

/** A pod that is bound to its node, and of which the kubelet has said nothing yet. */
function newPod({ observed, runs }: Cluster, { pod }: Extract<Action, { type: 'CreatePod' }>): ObservedPod {
  const { annotations } = pod.metadata;
  const { readyChangedAtMs: _, ...rest } = aPod({
    uid: `run-${runs + 1}`,
    runNumber: runs + 1,
    createdAtMs: observed.nowMs,
    ready: false,
    phase: 'Pending',
    container: { state: 'absent' },
    sinks: [],
    specHash: annotations['berth.dev/spec-hash'],
  });
  const restartedAt = observed.session?.spec.restartedAt;
  return { ...rest, ...(restartedAt === undefined ? {} : { restartedAt }) };
}

function onSession(cluster: Cluster, change: (session: ObservedSession) => ObservedSession): Cluster {
  const { session } = cluster.observed;
  return session === undefined ? cluster : { ...cluster, observed: { ...cluster.observed, session: change(session) } };
}

function onPod(cluster: Cluster, change: (pod: ObservedPod) => ObservedPod): Cluster {
  const { pod } = cluster.observed;
  return pod === undefined ? cluster : { ...cluster, observed: { ...cluster.observed, pod: change(pod) } };
}

/** Somebody changes the spec. */
export const spec =
  (changed: Partial<ObservedSession['spec']>): Change =>
  (cluster) =>
    onSession(cluster, (session) => ({
      ...session,
      generation: session.generation + 1,
      spec: { ...session.spec, ...changed },
    }));

/** Somebody deletes the session. */
export const sessionDeleted: Change = (cluster) =>
  onSession(cluster, (session) => ({ ...session, deletionRequested: true }));

/** The kubelet, or the probe, says something else of the pod. */
export const pod =
  (changed: Partial<ObservedPod>): Change =>
  (cluster) =>
    onPod(cluster, (known) => ({ ...known, ...changed }));

/** The kubelet reports the container as running. */
export const containerRuns: Change = (cluster) =>
  pod({ phase: 'Running', container: { state: 'running', startedAtMs: cluster.observed.nowMs } })(cluster);

/** The kubelet reports the container as terminated. @param message the process's last words as JSON, if it had any */
export const terminated =
  (message = '', exitCode = 137): Change =>
  (cluster) =>
    pod({
      ready: false,
      container: { state: 'terminated', reason: 'Error', message, exitCode, finishedAtMs: cluster.observed.nowMs },
    })(cluster);

/** The pod reports a state. */
export const reports =
  (state: ReportStatus['state'], changed: Partial<ReportStatus> = {}): Change =>
  (cluster) => {
    const { pod: known, nowMs } = cluster.observed;
    const { readyAt: _, ...rest } = aReport({ runUid: known?.uid ?? '', state, stateSince: rfc3339(nowMs) });
    const report = { ...rest, ...(state === 'ready' ? { readyAt: rfc3339(nowMs) } : {}), ...changed };
    const told = onSession(cluster, (session) => ({ ...session, status: { ...session.status, report } }));
    return state === 'ready' ? pod({ ready: true, readyChangedAtMs: nowMs })(told) : told;
  };

/** Whether the receivers of session_end answer at once. */
export const sinks =
  (sinksAnswer: boolean): Change =>
  (cluster) => ({ ...cluster, sinksAnswer });

/** One observation that is made of several. */
export const all =
  (...changes: readonly Change[]): Change =>
  (cluster) =>
    changes.reduce((now, change) => change(now), cluster);
