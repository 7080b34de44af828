import { createReconciler } from './act/reconciler.ts';
import { createIdentifyPod } from './api/identify-pod.ts';
import { createReports } from './api/reports.ts';
import { reportRoute } from './api/routes/report.post.ts';
import { startApiServers } from './api/server.ts';
import { createCaches, startReflectors } from './caches.ts';
import type { OperatorConfig } from './config.ts';
import { createDeliverToSink, type DeliverToSink } from './deliver/deliver-to-sink.ts';
import { createDeliveryLoop } from './deliver/delivery-loop.ts';
import { createMemoryOutbox } from './deliver/memory-outbox.ts';
import { createSigningKeys } from './deliver/signing-keys.ts';
import type { KubernetesClient } from './kubernetes/client.ts';
import { createKubernetesClient } from './kubernetes/create-client.ts';
import { isUnreachable } from './kubernetes/errors.ts';
import type { Log } from './kubernetes/log.ts';
import { fullJitter, sleep } from './kubernetes/retry.ts';
import { settles } from './kubernetes/settles.ts';
import type { Caches } from './observe/caches.ts';
import { followDraining } from './observe/draining.ts';
import { indexSessionEnds } from './observe/session-ends.ts';
import { nodeKey } from './observe/slim-node.ts';
import { reportedStatus } from './plan/session-status.ts';
import { ensureCertificateAuthority } from './pods/certificate-authority.ts';
import { renewingKeyPair } from './pods/renewing-key-pair.ts';
import { createSessionPodClient } from './pods/session-pod-client.ts';
import { createEventRecorder, type EventRecorder } from './publish/events.ts';
import { createMetrics, type Metrics } from './publish/metrics.ts';
import { tellTransitions } from './publish/transitions.ts';
import { replayAnnotation, sessionKey } from './resource/names.ts';
import { leadersClient } from './watch/leaders-client.ts';
import { type Leadership, startLeadership } from './watch/leadership.ts';

/** How long Events under way are waited for at a stop, in milliseconds. */
const flushMs = 500;
/** How long a stop waits for what is in hand before it is cut, in milliseconds. */
const finishMs = 2_000;
/** How long one attempt to deliver a session_end may take, in milliseconds. */
const deliveryTimeoutMs = 10_000;

export interface Operator {
  /** Finishes what is in hand, gives the Lease away and closes everything, in seconds. */
  stop(): Promise<void>;
}

/**
 * Builds the operator's parts and starts them. Every replica watches and takes reports; the one that holds the Lease
 * reconciles and delivers.
 */
export async function startOperator(config: OperatorConfig, log: Log): Promise<Operator> {
  const { namespace, leaseName, identity } = config;
  let leadership: Leadership | undefined;
  let synced = false;
  let led: Promise<unknown> = Promise.resolve();
  const isLeader = () => leadership?.isLeader() ?? false;

  const caches = createCaches(log);
  const sessionEndIndex = indexSessionEnds(caches.sessionEnds);
  const metrics = createMetrics({ ...caches, pendingEnds: () => sessionEndIndex.pending, isLeader });
  const client = measuredClient(metrics);
  const leaders = leadersClient(client, isLeader);
  const events = createEventRecorder({ client, reportingInstance: identity, log });
  tellTransitions({ sessions: caches.sessions, events, metrics, isLeader });
  const authority = await onceAnswered(
    () => ensureCertificateAuthority({ client, namespace, nowMs: () => client.nowMs() }),
    log,
  );
  const draining = followDraining({ client, namespace, leaseName, onChange: () => reconciler.resync(), log });
  const send = sender(config, leaders);
  const unrecorded = createMemoryOutbox({ send, nowMs: () => client.nowMs(), log });
  const reconciler = createReconciler({
    client: leaders,
    caches,
    sessionEndIndex,
    unrecorded,
    endRecordDeadlineMs: config.endRecordDeadlineMs,
    sessionPods: createSessionPodClient({ authority }),
    events,
    metrics,
    config: config.plan,
    starts: config.starts,
    rollout: config.rollout,
    caPem: authority.caPem,
    isDraining: draining.isDraining,
    log,
  });
  const delivery = deliveryLoop({ config, client: leaders, caches, metrics, log, send, events });

  const servers = await startApiServers({
    ports: config.ports,
    keyPair: renewingKeyPair(
      () => authority.issueServer(config.dnsNames),
      () => client.nowMs(),
    ),
    routes: [reports({ client, caches, metrics, log })],
    notReady: () => (synced ? undefined : 'the caches are being filled'),
    registry: metrics.registry,
    log,
  });
  const reflectors = startReflectors(caches, client, log);
  await reflectors.synced;
  synced = true;
  leadership = startLeadership({
    client,
    namespace,
    name: leaseName,
    identity,
    log,
    onStartedLeading: async (signal) => {
      led = Promise.all([reconciler.lead(signal), delivery.lead(signal), unrecorded.lead(signal)]);
      await led;
    },
  });

  return {
    async stop() {
      draining.stop();
      reconciler.close();
      // With the Lease still held, so that what comes of it can be written down.
      await Promise.all([delivery.finish(finishMs), unrecorded.finish(finishMs), settles(led, finishMs)]);
      await leadership?.stop();
      await Promise.all([servers.close(), events.flush(flushMs), reflectors.stop()]);
      await client.close();
    },
  };
}

/**
 * Asks until the API server answers, in whichever way. An operator that exited instead would be held back by the kubelet,
 * longer each time, up to 5 minutes after the API server is there again.
 */
async function onceAnswered<T>(ask: () => Promise<T>, log: Log): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      log.warn('API server does not answer at the start; it is asked again', { error });
      await sleep(fullJitter(attempt, 250, 5_000, Math.random));
    }
  }
}

function measuredClient(metrics: Metrics): KubernetesClient {
  return createKubernetesClient({
    onResponse({ method, status, durationMs }) {
      metrics.requests.inc({ method, code: String(status) });
      metrics.requestSeconds.observe({ verb: method }, durationMs / 1000);
    },
  });
}

interface Parts {
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly metrics: Metrics;
  readonly log: Log;
}

function reports({ client, caches, metrics, log }: Parts) {
  return reportRoute({
    identifyPod: createIdentifyPod({ client }),
    reports: createReports({
      client,
      sessions: caches.sessions,
      findPod: (namespace, name) => caches.pods.get(sessionKey(namespace, name)),
      presentation: (session, pod, before) =>
        reportedStatus(session, pod, before, client.nowMs(), caches.nodes.get(nodeKey(pod.nodeName ?? ''))),
      log,
    }),
    onRejected: (reason) => metrics.reportsRejected.inc({ reason }),
    log,
  });
}

function sender(config: OperatorConfig, client: KubernetesClient): DeliverToSink {
  const { namespace: operatorNamespace, clusterSinks } = config;
  const apiServer = process.env['KUBERNETES_SERVICE_HOST'];
  return createDeliverToSink({
    keys: createSigningKeys({ client, operatorNamespace, clusterSinks }),
    operatorNamespace,
    clusterSinks,
    allow: config.outboundAllow,
    never: apiServer === undefined ? [] : [apiServer],
    timeoutMs: deliveryTimeoutMs,
    nowMs: () => client.nowMs(),
  });
}

function deliveryLoop({
  config,
  client,
  caches,
  metrics,
  log,
  send,
  events,
}: Parts & { readonly config: OperatorConfig; readonly send: DeliverToSink; readonly events: EventRecorder }) {
  return createDeliveryLoop({
    ends: caches.sessionEnds,
    client,
    operatorNamespace: config.namespace,
    log,
    send,
    hooks: {
      onDelivered: (seconds) => metrics.deliverySeconds.observe(seconds),
      onGivenUp: ({ metadata: { namespace, name }, spec: { session } }) => {
        metrics.sessionEndsGivenUp.inc();
        const replay = `kubectl annotate sessionend ${name} -n ${namespace} ${replayAnnotation}=now`;
        const message = `A sink did not take the session_end "${name}" within 24 hours; mend it, then have it tried again: ${replay}`;
        events.record(session, 'Warning', 'SessionEndGivenUp', message);
      },
      onStandIn: ({ spec: { session } }, missing) =>
        events.record(
          session,
          'Warning',
          'SinkKeyMissing',
          `A session_end is signed with the operator's own key, because ${missing}; create it`,
        ),
    },
  });
}
