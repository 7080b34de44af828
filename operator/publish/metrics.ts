import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { WorkQueueMetrics } from '../watch/work-queue-metrics.ts';
import { registerSessionMetrics, type SessionSources } from './session-metrics.ts';

/** What is read at each scrape. */
export interface MetricSources extends SessionSources {
  readonly pendingEnds: () => number;
  readonly isLeader: () => boolean;
}

/** What is counted and measured. Labels come from closed sets, but for `namespace` and `session`. */
export function createMetrics(sources: MetricSources) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  registerSessionMetrics(registers, sources);
  const sessionEndPending = new Gauge({
    name: 'berth_session_end_pending',
    help: 'Ends of runs that a sink has not taken yet.',
    registers,
    collect() {
      this.set(sources.pendingEnds());
    },
  });
  const leaderElectionMasterStatus = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this replica leads.',
    labelNames: ['name'],
    registers,
    collect() {
      this.set({ name: 'berth-operator' }, sources.isLeader() ? 1 : 0);
    },
  });

  return {
    registry,
    sessionEndPending,
    leaderElectionMasterStatus,
    reconciles: new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciles, by result.',
      labelNames: ['controller', 'result'],
      registers,
    }),
    reconcileErrors: new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Reconciles that ended in an error.',
      labelNames: ['controller'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Duration of a reconcile.',
      labelNames: ['controller'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
      registers,
    }),
    requests: new Counter({
      name: 'rest_client_requests_total',
      help: 'Requests to the API server, by method and HTTP status; status 0 is no answer.',
      labelNames: ['method', 'code'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'rest_client_request_duration_seconds',
      help: 'Duration of requests to the API server.',
      labelNames: ['verb'],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8],
      registers,
    }),
    workQueue: workQueueMetrics(registers),
    sessionRestarts: new Counter({
      name: 'berth_session_restarts_total',
      help: 'Runs that followed another one of their session, by the reason of the end before.',
      labelNames: ['engine', 'reason'],
      registers,
    }),
    sessionEnds: new Counter({
      name: 'berth_session_ends_total',
      help: 'Ends of runs that were recorded.',
      labelNames: ['engine', 'reason'],
      registers,
    }),
    sessionStartSeconds: new Histogram({
      name: 'berth_session_start_seconds',
      help: 'From the creation of a pod until its session is ready; pairing by a person is in it.',
      labelNames: ['engine'],
      buckets: [0.5, 1, 2, 5, 10, 30, 60, 300],
      registers,
    }),
    forceKillSeconds: new Histogram({
      name: 'berth_force_kill_seconds',
      help: 'From the order to kill until every container is terminated.',
      labelNames: ['engine'],
      buckets: [0.5, 1, 2, 5, 10],
      registers,
    }),
    deliverySeconds: new Histogram({
      name: 'berth_session_end_delivery_seconds',
      help: 'From the record of an end until a sink took it.',
      buckets: [0.1, 0.5, 1, 2, 10, 60, 600, 3600],
      registers,
    }),
    sessionEndsLost: new Counter({
      name: 'berth_session_end_lost_total',
      help: 'Ends whose record no namespace took until the deadline: their pods were released without one.',
      registers,
    }),
    sessionEndsGivenUp: new Counter({
      name: 'berth_session_end_given_up_total',
      help: 'Ends that a sink did not take within 24 hours.',
      registers,
    }),
    drainTimeouts: new Counter({
      name: 'berth_session_end_drain_timeouts_total',
      help: 'Pods that were released while a sink had not yet taken their session_end.',
      registers,
    }),
    reportsRejected: new Counter({
      name: 'berth_reports_rejected_total',
      help: 'Reports of pods that were refused.',
      labelNames: ['reason'],
      registers,
    }),
  };
}
/** The queue of sessions, by the names that existing boards know. */
function workQueueMetrics(registers: Registry[]): WorkQueueMetrics {
  const labels = { name: 'whatsappsession' };
  const labelNames = ['name'];
  const buckets = [0.001, 0.01, 0.1, 1, 10, 60];
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string) => new Histogram({ name, help, labelNames, buckets, registers });
  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Sessions that wait to be looked at.',
    labelNames,
    registers,
  });
  const adds = counter('workqueue_adds_total', 'Sessions put into the queue.');
  const retries = counter('workqueue_retries_total', 'Looks that failed and are repeated.');
  const waited = histogram('workqueue_queue_duration_seconds', 'How long a session waited in the queue.');
  const worked = histogram('workqueue_work_duration_seconds', 'How long a look took.');
  return {
    depth: (keys) => depth.set(labels, keys),
    added: () => adds.inc(labels),
    waited: (seconds) => waited.observe(labels, seconds),
    worked: (seconds) => worked.observe(labels, seconds),
    retried: () => retries.inc(labels),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
