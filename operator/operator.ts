import { createReconciler } from './act/reconciler.ts';
import { createIdentifyPod } from './api/identify-pod.ts';
import { createReports } from './api/reports.ts';
import { reportRoute } from './api/routes/report.post.ts';
import { startApiServers } from './api/server.ts';
import { createCaches, startReflectors } from './caches.ts';
import type { OperatorConfig } from './config.ts';
import { createDeliverToSink } from './deliver/deliver-to-sink.ts';
import { createDeliveryLoop } from './deliver/delivery-loop.ts';
import { createSigningKeys } from './deliver/signing-keys.ts';
import type { KubernetesClient } from './kubernetes/client.ts';
import { createKubernetesClient } from './kubernetes/create-client.ts';
import type { Log } from './kubernetes/log.ts';
import { followDraining } from './observe/draining.ts';
import type { Caches } from './observe/observe.ts';
import { indexSessionEnds } from './observe/session-ends.ts';
import { reportedStatus } from './plan/session-status.ts';
import { ensureCertificateAuthority } from './pods/certificate-authority.ts';
import { renewingKeyPair } from './pods/renewing-key-pair.ts';
import { createSessionPodClient } from './pods/session-pod-client.ts';
import { createEventRecorder } from './publish/events.ts';
import { createMetrics, type Metrics } from './publish/metrics.ts';
import { tellTransitions } from './publish/transitions.ts';
import { sessionKey } from './resource/names.ts';
import { leadersClient } from './watch/leaders-client.ts';
import { type Leadership, startLeadership } from './watch/leadership.ts';

/** How long Events under way are waited for at a stop, in milliseconds. */
const flushMs = 500;
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
  const isLeader = () => leadership?.isLeader() ?? false;

  const caches = createCaches(log);
  const sessionEndIndex = indexSessionEnds(caches.sessionEnds);
  const metrics = createMetrics({ sessions: caches.sessions, pendingEnds: () => sessionEndIndex.pending, isLeader });
  const client = measuredClient(metrics);
  const leaders = leadersClient(client, isLeader);
  const events = createEventRecorder({ client, reportingInstance: identity, log });
  tellTransitions({ sessions: caches.sessions, events, metrics, isLeader });
  const authority = await ensureCertificateAuthority({ client, namespace, nowMs: () => client.nowMs() });
  const draining = followDraining({ client, namespace, leaseName, onChange: () => reconciler.resync(), log });
  const reconciler = createReconciler({
    client: leaders,
    caches,
    sessionEndIndex,
    sessionPods: createSessionPodClient({ authority }),
    events,
    metrics,
    config: config.plan,
    caPem: authority.caPem,
    isDraining: draining.isDraining,
    log,
  });
  const delivery = deliveryLoop({ config, client: leaders, caches, metrics, log });

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
      await Promise.all([reconciler.lead(signal), delivery.lead(signal)]);
    },
  });

  return {
    async stop() {
      draining.stop();
      await leadership?.stop();
      reconciler.close();
      delivery.close();
      await Promise.all([servers.close(), events.flush(flushMs), reflectors.stop()]);
      await client.close();
    },
  };
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
      presentation: (session, pod, before) => reportedStatus(session, pod, before, client.nowMs()),
      log,
    }),
    onRejected: (reason) => metrics.reportsRejected.inc({ reason }),
    log,
  });
}

function deliveryLoop({ config, client, caches, metrics, log }: Parts & { readonly config: OperatorConfig }) {
  const apiServer = process.env['KUBERNETES_SERVICE_HOST'];
  return createDeliveryLoop({
    ends: caches.sessionEnds,
    client,
    operatorNamespace: config.namespace,
    log,
    send: createDeliverToSink({
      keys: createSigningKeys({ client, operatorNamespace: config.namespace }),
      allow: config.outboundAllow,
      never: apiServer === undefined ? [] : [apiServer],
      timeoutMs: deliveryTimeoutMs,
      nowMs: () => client.nowMs(),
    }),
    hooks: { onDelivered: (seconds) => metrics.deliverySeconds.observe(seconds) },
  });
}
