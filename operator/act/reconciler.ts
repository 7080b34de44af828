import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Log } from '../kubernetes/log.ts';
import { fullJitter } from '../kubernetes/retry.ts';
import type { Caches } from '../observe/caches.ts';
import { indexClaimHolders } from '../observe/claim-holders.ts';
import { createObserve } from '../observe/observe.ts';
import { createObserveNode } from '../observe/observe-node.ts';
import { createRefusedEnds } from '../observe/refused-ends.ts';
import type { SessionEndIndex } from '../observe/session-ends.ts';
import { createSightings } from '../observe/sightings.ts';
import { createWebhookSecrets } from '../observe/webhook-secrets.ts';
import type { Action } from '../plan/action.ts';
import type { Observed, PlanConfig } from '../plan/observed.ts';
import type { SessionPodClient } from '../pods/session-pod-client.ts';
import type { EventRecorder } from '../publish/events.ts';
import type { Metrics } from '../publish/metrics.ts';
import { createStatusWriter } from '../publish/status.ts';
import { tellUnconfirmedKills } from '../publish/unconfirmed-kills.ts';
import type { SessionKey } from '../resource/names.ts';
import { createWorkQueue } from '../watch/work-queue.ts';
import { createClaims } from './claims.ts';
import { createPerform } from './perform.ts';
import { createPods } from './pods.ts';
import { createReconcile } from './reconcile.ts';
import { createRolloutPacing } from './rollout-pacing.ts';
import { createSessionEnds, type Unrecorded } from './session-ends.ts';
import { createSessions } from './sessions.ts';
import { createStartPacing, type StartLimits } from './start-pacing.ts';
import { enqueueAll, enqueueOnChange, enqueueOnNodeChange } from './triggers.ts';
import { createPublishTrust } from './trust.ts';
import { runWorkers } from './workers.ts';

export interface ReconcilerDependencies {
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly sessionEndIndex: SessionEndIndex;
  readonly unrecorded: Unrecorded;
  /** From the first refusal of an end's record until its pod is released without one, in milliseconds. */
  readonly endRecordDeadlineMs: number;
  readonly sessionPods: SessionPodClient;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly config: PlanConfig;
  readonly starts: StartLimits;
  /** Sessions that may be away at once because of another image or other defaults. */
  readonly rollout: { readonly concurrent: number };
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
  enqueueOnNodeChange(caches, whileLeading);
  const claimHolders = indexClaimHolders(caches, (key) => whileLeading.add(key, 'report'));
  const webhookSecrets = createWebhookSecrets({ client, onChange: (key) => whileLeading.add(key, 'report'), log });
  sessions.onChange((_key, now, before) => {
    if (now === undefined && before !== undefined) webhookSecrets.forget(before.uid);
  });
  const status = createStatusWriter({ client, sessions });
  const refusedEnds = createRefusedEnds({ deadlineMs: dependencies.endRecordDeadlineMs });
  const perform = createPerform({
    sessions: createSessions({ client, sessions, status }),
    pods: createPods({
      client,
      pods,
      sessionPods: dependencies.sessionPods,
      onReleased: (observed) => tellOfWaitingSinks(observed, events, metrics),
      log,
    }),
    sessionEnds: createSessionEnds({
      client,
      sessionEnds,
      refusedEnds,
      unrecorded: dependencies.unrecorded,
      events,
      operatorNamespace: config.operatorNamespace,
      onCreated: (action) => countEnd(action, caches, metrics),
      onLost: () => metrics.sessionEndsLost.inc(),
      log,
    }),
    claims: createClaims({ client, claims, claimHolders }),
    publishTrust: createPublishTrust({ client, caPem: dependencies.caPem }),
  });
  const { observeNode, forget } = createObserveNode({ nodes: caches.nodes, client, config });
  const sightings = createSightings();
  const observe = createObserve({
    caches,
    sightings,
    sessionEndIndex,
    refusedEnds,
    claimHolders,
    webhookSecrets,
    observeNode,
    client,
    config,
    isDraining,
  });
  const { wake, nowMs } = { wake: whileLeading.add, nowMs: () => client.nowMs() };
  const pacings = [
    createStartPacing({ limits: dependencies.starts, caches, wake, nowMs }),
    createRolloutPacing({ limits: dependencies.rollout, caches, wake }),
  ];
  const tell = tellUnconfirmedKills({ events });
  const reconcile = createReconcile({ observe, perform, status, tell, pacings, log });

  return {
    /** Looks at every key again. */
    resync: () => enqueueAll(caches, whileLeading),
    /** Works until the lease is lost or the operator stops. */
    async lead(signal: AbortSignal): Promise<void> {
      leading = true;
      forget();
      sightings.forget();
      enqueueAll(caches, queue);
      const timer = setInterval(() => enqueueAll(caches, queue), resyncMs);
      try {
        await runWorkers({ queue, reconcile, metrics, log }, signal);
      } finally {
        clearInterval(timer);
        leading = false;
        for (const { clear } of pacings) clear();
      }
    },
    close: () => queue.close(),
  };
}

/** A pod goes when its sinks had their time, whether or not they took it. */
function tellOfWaitingSinks({ namespace, name, pod, sessionEnd }: Observed, events: EventRecorder, metrics: Metrics) {
  if (sessionEnd === undefined || sessionEnd.settled) return;
  metrics.drainTimeouts.inc();
  const subject = { namespace, name, uid: pod?.sessionUid ?? '' };
  const why = sessionEnd.lastError === undefined ? '' : `: ${sessionEnd.lastError}`;
  events.record(
    subject,
    'Warning',
    'SinksStillWaiting',
    `The pod was released before every sink had taken its session_end, which is tried again${why}`,
  );
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
