import type { ObservedPod, ObservedSession, ObservedSessionEnd } from '@berth/operator/plan/observed.ts';
import { createMetrics } from '@berth/operator/publish/metrics.ts';

/** The metrics of an operator that leads and sees these objects; by default none. The arrays may be changed meanwhile. */
export function metricsOf({
  sessions = [],
  pods = [],
  sessionEnds = [],
}: {
  readonly sessions?: readonly ObservedSession[];
  readonly pods?: readonly ObservedPod[];
  readonly sessionEnds?: readonly ObservedSessionEnd[];
} = {}) {
  return createMetrics({
    sessions: { values: () => sessions.values() },
    pods: {
      values: () => pods.values(),
      get: (key) => pods.find(({ namespace, name }) => `${namespace}/${name}` === key),
    },
    sessionEnds: { values: () => sessionEnds.values() },
    pendingEnds: () => sessionEnds.filter(({ settled }) => !settled).length,
    isLeader: () => true,
  });
}
