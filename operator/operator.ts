import { createLastOut } from './act/last-out.ts';
import { createReconciler } from './act/reconciler.ts';
import { createReleaseRoles } from './act/release-roles.ts';
import { createRotation } from './act/rotation.ts';
import { createPublishTrust } from './act/trust.ts';
import { createIdentifyPod } from './api/identify-pod.ts';
import { createReports } from './api/reports.ts';
import { reportRoute } from './api/routes/report.post.ts';
import { startApiServers } from './api/server.ts';
import { createVerifyPodToken } from './api/verify-pod-token.ts';
import { createCaches, startNamespacedReflectors, startReflectors } from './caches.ts';
import type { OperatorConfig } from './config.ts';
import { createDeliverToSink, type DeliverToSink } from './deliver/deliver-to-sink.ts';
import { createDeliveryLoop } from './deliver/delivery-loop.ts';
import { createMemoryOutbox } from './deliver/memory-outbox.ts';
import { createSigningKeys } from './deliver/signing-keys.ts';
import type { KubernetesClient } from './kubernetes/client.ts';
import { createKubernetesClient } from './kubernetes/create-client.ts';
import { isUnreachable } from './kubernetes/errors.ts';
import { holdOnOwnConnection } from './kubernetes/hold-request.ts';
import type { Log } from './kubernetes/log.ts';
import { fullJitter, sleep } from './kubernetes/retry.ts';
import { settles } from './kubernetes/settles.ts';
import type { Caches } from './observe/caches.ts';
import { followDraining } from './observe/draining.ts';
import { createWatchedNamespacesRecord } from './observe/left-namespaces.ts';
import { indexSessionEnds } from './observe/session-ends.ts';
import { nodeKey } from './observe/slim-node.ts';
import { reportedStatus } from './plan/session-status.ts';
import { ensureCertificateAuthority, newOwnAuthority } from './pods/certificate-authority.ts';
import { GivenCertificateError, readGivenCertificate } from './pods/given-certificate.ts';
import { renewingKeyPair } from './pods/renewing-key-pair.ts';
import { createSessionPodClient } from './pods/session-pod-client.ts';
import { createTrustStore } from './pods/trust-store.ts';
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
  const isNamespaced = config.watchNamespaces.length > 0;
  let leadership: Leadership | undefined;
  let synced = false;
  let led: Promise<unknown> = Promise.resolve();
  const isLeader = () => leadership?.isLeader() ?? false;

  const caches = createCaches(log);
  const sessionEndIndex = indexSessionEnds(caches.sessionEnds);
  const { perSessionSeries } = config;
  const pendingEnds = () => sessionEndIndex.pending;
  const metrics = createMetrics({ ...caches, pendingEnds, isLeader, namespace, perSessionSeries });
  const client = measuredClient(metrics);
  const leaders = leadersClient(client, isLeader);
  const events = createEventRecorder({ client, reportingInstance: identity, log });
  tellTransitions({ sessions: caches.sessions, events, metrics, isLeader });
  const certificates = await openCertificates({ config, client, leaders, log });
  const { authority } = certificates;
  const publishTrust = createPublishTrust({ client: leaders, authority });
  const rotation = createRotation({
    ...certificates,
    timing: config.certificates.timing,
    publishTrust,
    namespaces: () => new Set([...caches.sessions.values(), ...caches.pods.values()].map(({ namespace: of }) => of)),
    nowMs: () => client.nowMs(),
    log,
  });
  const onDraining = () => {
    reconciler.resync();
    delivery.resync();
  };
  const namespaces = await watchedNamespaces(config, client, log);
  const draining = followDraining({ client, namespace, leaseName, onChange: onDraining, log });
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
    publishTrust,
    // Where all namespaces are watched, none is left: only its Role is.
    isDraining: (inNamespace) => draining.isDraining() || (isNamespaced && namespaces.left.has(inNamespace)),
    isInSight: (inNamespace) => reflectors.isInSight(inNamespace),
    watchesNodes: !isNamespaced,
    log,
  });
  const { isDraining } = draining;
  const delivery = deliveryLoop({ config, client: leaders, caches, metrics, log, send, events, isDraining });

  const servers = await startApiServers({
    ports: config.ports,
    keyPair: renewingKeyPair({
      issue: () => authority.issueServer(config.dnsNames),
      issuer: () => authority.issuer,
      nowMs: () => client.nowMs(),
    }),
    onKeyPairChange: (listener) => authority.onIssuerChange(listener),
    routes: [reports({ client, caches, metrics, log, isNamespaced })],
    notReady: () => (synced ? undefined : 'the caches are being filled'),
    registry: metrics.registry,
    log,
  });
  const reflectors = isNamespaced
    ? followNamespaces({ config, namespaces, client, caches, log, onArrival: (arrived) => reconciler.resync(arrived) })
    : startReflectors(caches, { client, log });
  const lastOut = createLastOut({
    client: leaders,
    bindings: reflectors.bindings,
    ...namespaces,
    roleName: config.sessionsRoleName,
    releaseRoles: createReleaseRoles({ client: leaders, hold: holdOnOwnConnection, name: config.sessionsRoleName }),
    onGivenUp: (given) => reflectors.drop(given),
    log,
  });
  await reflectors.synced;
  synced = true;
  const following = rotation.follow();
  leadership = startLeadership({
    client,
    namespace,
    name: leaseName,
    identity,
    log,
    onStartedLeading: async (signal) => {
      // What this replica knows of the CA may be older than what the leader before it has published.
      await rotation.look(signal);
      const work = [reconciler, delivery, unrecorded, rotation, lastOut];
      led = Promise.all(work.map((part) => part.lead(signal)));
      await led;
    },
  });

  return {
    async stop() {
      draining.stop();
      following.stop();
      reconciler.close();
      lastOut.close();
      // With the Lease still held, so that what comes of it can be written down.
      await Promise.all([delivery.finish(finishMs), unrecorded.finish(finishMs), settles(led, finishMs)]);
      await leadership?.stop();
      await Promise.all([servers.close(), events.flush(flushMs), reflectors.stop()]);
      await client.close();
    },
  };
}

/** What the operator proves itself with, and where it comes from. */
async function openCertificates({
  config: { namespace, dnsNames, certificates },
  client,
  leaders,
  log,
}: {
  readonly config: OperatorConfig;
  readonly client: KubernetesClient;
  readonly leaders: KubernetesClient;
  readonly log: Log;
}) {
  const nowMs = () => client.nowMs();
  const { givenSecret, timing } = certificates;
  const readGiven =
    givenSecret === undefined
      ? undefined
      : (signal?: AbortSignal) => {
          // Pods reach the operator by its Service; by its last name only the tests do.
          const names = dnsNames.filter((name) => name !== 'localhost');
          const at = { namespace, name: givenSecret, dnsNames: names, nowMs: nowMs() };
          return readGivenCertificate(client, { ...at, ...(signal === undefined ? {} : { signal }) });
        };
  const make = readGiven ?? (() => newOwnAuthority({ nowMs: nowMs(), lifetimeMs: timing.lifetimeMs }));
  const authority = await onceAnswered(
    () => ensureCertificateAuthority({ store: createTrustStore(client, namespace), make: () => make(), nowMs }),
    log,
  );
  const store = createTrustStore(leaders, namespace);
  return { authority, store, ...(readGiven === undefined ? {} : { readGiven }) };
}

/**
 * Asks until the API server answers, in whichever way, and until a certificate is there that somebody else makes. An operator
 * that exited instead would be held back by the kubelet, longer each time, up to 5 minutes after the API server is there again.
 */
async function onceAnswered<T>(ask: () => Promise<T>, log: Log): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof GivenCertificateError)
        log.warn('Certificate is not there yet; it is looked for again', { error });
      else if (isUnreachable(error)) log.warn('API server does not answer at the start; it is asked again', { error });
      else throw error;
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

/** Those of the configuration, and those that were taken out of it and are not given up yet. */
async function watchedNamespaces(
  { namespace, leaseName, watchNamespaces }: OperatorConfig,
  client: KubernetesClient,
  log: Log,
) {
  const record = createWatchedNamespacesRecord({ client, namespace, leaseName });
  const configured = new Set(watchNamespaces);
  const left = new Set((await onceAnswered(() => record.read(), log)).filter((each) => !configured.has(each)));
  if (left.size > 0) log.info('Namespaces are not watched any more, and are given up', { namespaces: [...left] });
  return { configured, left, record };
}

/** What `watchNamespaces` names, one by one. */
function followNamespaces({
  config: { namespace: operatorNamespace, sessionsRoleName: roleName },
  namespaces: { configured, left },
  client,
  caches,
  log,
  onArrival,
}: Pick<Parts, 'client' | 'log'> & {
  readonly config: OperatorConfig;
  readonly namespaces: Awaited<ReturnType<typeof watchedNamespaces>>;
  readonly caches: ReturnType<typeof createCaches>;
  readonly onArrival: (namespace: string) => void;
}) {
  const namespaces = [...configured, ...left];
  const reflectors = startNamespacedReflectors(caches, { client, log, namespaces, operatorNamespace, roleName });
  reflectors.onArrival(onArrival);
  return reflectors;
}

function reports({ client, caches, metrics, log, isNamespaced }: Parts & { readonly isNamespaced: boolean }) {
  const findPod = (namespace: string, name: string) => caches.pods.get(sessionKey(namespace, name));
  return reportRoute({
    // A TokenReview takes a right over the cluster.
    identifyPod: isNamespaced ? createVerifyPodToken({ client, findPod }) : createIdentifyPod({ client }),
    reports: createReports({
      client,
      sessions: caches.sessions,
      findPod,
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
  isDraining,
}: Parts & {
  readonly config: OperatorConfig;
  readonly send: DeliverToSink;
  readonly events: EventRecorder;
  readonly isDraining: () => boolean;
}) {
  return createDeliveryLoop({
    ends: caches.sessionEnds,
    client,
    operatorNamespace: config.namespace,
    isDraining,
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
