import { isLost } from './fence.ts';
import type { Observed, ObservedPod, ObservedSession } from './observed.ts';
import { startBlockedBy } from './start-blocked.ts';

export type StuckReason =
  | 'StartBlocked'
  | 'StartTimeout'
  | 'AuthenticatedNotReady'
  | 'Unresponsive'
  | 'ReconnectLoop'
  | 'TerminationTimeout';

/** What a run is in the middle of and must get out of in time; it is stuck when it does not. */
export interface Symptom {
  readonly reason: StuckReason;
  /** Tells this symptom from another one of the same run: the time runs anew when it changes. */
  readonly key: string;
  /** Seconds that it may last. */
  readonly limitSeconds: number;
  /** What is seen, without a full stop. */
  readonly seen: string;
}

/** Seconds from the end of a graceful stop's time, or from a kill, until the end should be confirmed. */
const confirmSeconds = 15;
/** Milliseconds within which the readiness probe tells of a frozen process: measured as 7 s. */
export const probeNoticedMs = 8_000;
const defaults = {
  gracePeriodSeconds: 30,
  timeoutSeconds: 120,
  scheduleSeconds: 600,
  authenticatedSeconds: 90,
  unresponsiveSeconds: 45,
  max: 10,
  windowSeconds: 600,
} as const;

/**
 * What a run is in the middle of, by its pod and by what it last reported; undefined when there is nothing to wait for
 * but a person, or when the run does its work.
 */
export function symptomOf({ pod, session }: Pick<Observed, 'pod' | 'session'>): Symptom | undefined {
  if (pod === undefined || session === undefined || pod.sessionUid !== session.uid) return undefined;
  if (pod.container.state === 'terminated') return undefined;
  return ofAnEnd(pod, session) ?? livingSymptomOf(pod, session);
}

/**
 * What is timed of a run, in words: its time runs anew when they change. What lasted while its node was lost does not count
 * once the node is back: its pod could not report, and the node controller had called it unready.
 */
export function sightingOf(observed: Pick<Observed, 'pod' | 'session' | 'node'>): string | undefined {
  const symptom = symptomOf(observed);
  if (symptom === undefined) return undefined;
  const { pod, node } = observed;
  const isCutOff = node !== undefined && isLost(node) && symptom.reason !== 'TerminationTimeout';
  return `${pod?.uid} ${symptom.reason} ${symptom.key}${isCutOff ? ' on a lost node' : ''}`;
}

/** The symptom of a run that is taken to live on although its end was decided. */
export function livingSymptomOf(pod: ObservedPod, session: ObservedSession): Symptom | undefined {
  const { startup, recovery } = session.spec;
  if (pod.container.state !== 'running')
    return {
      reason: 'StartBlocked',
      key: 'not started',
      limitSeconds: startup?.scheduleSeconds ?? defaults.scheduleSeconds,
      seen: startBlockedBy(pod) ?? waitsUnsaid(pod),
    };
  const { report } = session.status;
  if (report?.runUid !== pod.uid)
    return {
      reason: 'StartTimeout',
      key: 'silent',
      limitSeconds: startup?.timeoutSeconds ?? defaults.timeoutSeconds,
      seen: 'The container runs, and the pod has not reported yet',
    };
  const told = report.message ? `; it last said: ${report.message}` : '';
  const since = report.stateSince ?? '';
  const { max = defaults.max, windowSeconds = defaults.windowSeconds } = recovery?.reconnects ?? {};
  switch (report.state) {
    case 'waiting_for_pairing':
      return undefined; // It waits for a person.
    case 'stopping':
      return {
        reason: 'TerminationTimeout',
        key: 'stopping',
        limitSeconds: gracePeriodSecondsOf(session) + confirmSeconds,
        seen: 'The pod said that it stops, and has not ended',
      };
    case 'connecting':
    case 'reconnecting':
      return {
        reason: 'ReconnectLoop',
        key: isLooping(report.recentReconnects, max) ? 'loop' : `${report.state} since ${since}`,
        limitSeconds: isLooping(report.recentReconnects, max) ? 0 : windowSeconds,
        seen: isLooping(report.recentReconnects, max)
          ? `The connection was lost ${report.recentReconnects} times within ${windowSeconds} s${told}`
          : `The pod dials WhatsApp again and again${told}`,
      };
    case 'authenticated':
      return {
        reason: 'AuthenticatedNotReady',
        key: `authenticated since ${since}`,
        limitSeconds: recovery?.authenticatedSeconds ?? defaults.authenticatedSeconds,
        seen: `The pod is logged in, and cannot send yet${told}`,
      };
    case 'ready':
      return pod.ready
        ? undefined
        : {
            reason: 'Unresponsive',
            key: 'unresponsive',
            limitSeconds: recovery?.unresponsiveSeconds ?? defaults.unresponsiveSeconds,
            seen: 'The pod said it was ready, and its readiness probe fails',
          };
  }
}

const isLooping = (recent: number | undefined, max: number): boolean => (recent ?? 0) > max;

function ofAnEnd(pod: ObservedPod, session: ObservedSession): Symptom | undefined {
  const ending = session.status.run?.uid === pod.uid ? session.status.run.ending : undefined;
  if (ending === undefined && !pod.deletionRequested) return undefined;
  const isGraceful = ending?.deadline !== undefined;
  const seen =
    ending === undefined
      ? 'Somebody deleted the pod, and the kubelet has not reported its end'
      : `The run is being ended (${ending.reason}), and the kubelet has not reported its end`;
  const graceSeconds = isGraceful || ending === undefined ? gracePeriodSecondsOf(session) : 0;
  return {
    reason: 'TerminationTimeout',
    key: isGraceful ? 'ends gracefully' : 'is killed',
    limitSeconds: graceSeconds + confirmSeconds,
    seen,
  };
}

const gracePeriodSecondsOf = ({ spec }: ObservedSession): number =>
  spec.termination?.gracePeriodSeconds ?? defaults.gracePeriodSeconds;

/** The kubelet tells in the pod's Events, not in its status, which volume it waits for. */
function waitsUnsaid({ name, nodeName }: ObservedPod): string {
  return nodeName === undefined
    ? 'The pod has no node yet, and the scheduler does not say why'
    : `The container has not started on node "${nodeName}": its volumes, its network or its image are not there yet; see: kubectl describe pod ${name}`;
}
