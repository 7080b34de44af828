import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Log } from '../kubernetes/log.ts';
import { fullJitter } from '../kubernetes/retry.ts';
import { type Caches, createObserve } from '../observe/observe.ts';
import type { SessionEndIndex } from '../observe/session-ends.ts';
import { createWebhookSecrets } from '../observe/webhook-secrets.ts';
import type { Action } from '../plan/action.ts';
import type { PlanConfig } from '../plan/observed.ts';
import type { SessionPodClient } from '../pods/session-pod-client.ts';
import type { EventRecorder } from '../publish/events.ts';
import type { Metrics } from '../publish/metrics.ts';
import { createStatusWriter } from '../publish/status.ts';
import type { SessionKey } from '../resource/names.ts';
import { createWorkQueue } from '../watch/work-queue.ts';
import { createClaims } from './claims.ts';
import { createPerform } from './perform.ts';
import { createPods } from './pods.ts';
import { createReconcile } from './reconcile.ts';
import { createSessionEnds } from './session-ends.ts';
import { createSessions } from './sessions.ts';
import { enqueueAll, enqueueOnChange } from './triggers.ts';
import { createPublishTrust } from './trust.ts';
import { runWorkers } from './workers.ts';

export interface ReconcilerDependencies {
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly sessionEndIndex: SessionEndIndex;
  readonly sessionPods: SessionPodClient;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly config: PlanConfig;
  readonly caPem: string;
  readonly isDraining: () => boolean;
  readonly log: Log;
}

/** Backoff of a key whose reconcile failed, in milliseconds. */
const failureBackoff = { baseMs: 100, maxMs: 30_000 };
/** Every key is looked at again so often, whatever the watches said, in milliseconds. */
const resyncMs = 10 * 60_000;

/** The part that only the leader runs: from a change in the caches to the acts that answer it. */
export function createReconciler(dependencies: ReconcilerDependencies) {
  const { client, caches, sessionEndIndex, events, metrics, config, isDraining, log } = dependencies;
  const { sessions, pods, sessionEnds, claims } = caches;
  const queue = createWorkQueue<SessionKey>({
    backoff: (attempt) => fullJitter(attempt, failureBackoff.baseMs, failureBackoff.maxMs, Math.random),
    metrics: metrics.workQueue,
  });
  let leading = false;
  /** Nobody takes the keys of a replica that does not lead: they would pile up, also those of sessions long gone. */
  const whileLeading: Pick<typeof queue, 'add'> = { add: (key, priority) => leading && queue.add(key, priority) };
  enqueueOnChange(caches, whileLeading);
  const webhookSecrets = createWebhookSecrets({ client, onChange: (key) => whileLeading.add(key, 'report'), log });
  sessions.onChange((_key, now, before) => {
    if (now === undefined && before !== undefined) webhookSecrets.forget(before.uid);
  });
  const status = createStatusWriter({ client, sessions });
  const perform = createPerform({
    sessions: createSessions({ client, sessions, status }),
    pods: createPods({ client, pods, sessionPods: dependencies.sessionPods, log }),
    sessionEnds: createSessionEnds({
      client,
      sessionEnds,
      events,
      operatorNamespace: config.operatorNamespace,
      onCreated: (action) => countEnd(action, caches, metrics),
      log,
    }),
    claims: createClaims({ client, claims }),
    publishTrust: createPublishTrust({ client, caPem: dependencies.caPem }),
  });
  const observe = createObserve({ caches, sessionEndIndex, webhookSecrets, client, config, isDraining });
  const reconcile = createReconcile({ observe, perform, status, log });

  return {
    /** Looks at every key again. */
    resync: () => enqueueAll(caches, whileLeading),
    /** Works until the lease is lost or the operator stops. */
    async lead(signal: AbortSignal): Promise<void> {
      leading = true;
      enqueueAll(caches, queue);
      const timer = setInterval(() => enqueueAll(caches, queue), resyncMs);
      try {
        await runWorkers({ queue, reconcile, metrics, log }, signal);
      } finally {
        clearInterval(timer);
        leading = false;
      }
    },
    close: () => queue.close(),
  };
}

function countEnd(
  { spec }: Extract<Action, { type: 'CreateSessionEnd' }>,
  { sessions }: Caches,
  metrics: Metrics,
): void {
  metrics.sessionEnds.inc({ engine: spec.engine, reason: spec.reason });
  const run = sessions.get(`${spec.session.namespace}/${spec.session.name}`)?.status.run;
  if (spec.reason !== 'force_killed' || run?.uid !== spec.run.uid || run.ending === undefined) return;
  const seconds = (Date.parse(spec.endedAt) - Date.parse(run.ending.since)) / 1000;
  metrics.forceKillSeconds.observe({ engine: spec.engine }, Math.max(0, seconds));
}
