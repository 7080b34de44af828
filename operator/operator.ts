import { createServer } from 'node:http';
import { createReconciler } from './act/reconciler.ts';
import { createCaches, startReflectors } from './caches.ts';
import type { OperatorConfig } from './config.ts';
import { createKubernetesClient } from './kubernetes/create-client.ts';
import type { Log } from './kubernetes/log.ts';
import { followDraining } from './observe/draining.ts';
import { indexSessionEnds } from './observe/session-ends.ts';
import { ensureCertificateAuthority } from './pods/certificate-authority.ts';
import { createSessionPodClient } from './pods/session-pod-client.ts';
import { createEventRecorder } from './publish/events.ts';
import { createMetrics } from './publish/metrics.ts';
import { tellTransitions } from './publish/transitions.ts';
import { type Leadership, startLeadership } from './watch/leadership.ts';

/** How long Events under way are waited for at a stop, in milliseconds. */
const flushMs = 500;

/** Builds the operator's parts and starts them; from then on only `stop` ends them. */
export async function startOperator(config: OperatorConfig, log: Log) {
  const { namespace, leaseName, identity } = config;
  let leadership: Leadership | undefined;
  const isLeader = () => leadership?.isLeader() ?? false;
  const caches = createCaches(log);
  const sessionEndIndex = indexSessionEnds(caches.sessionEnds);
  const metrics = createMetrics({ sessions: caches.sessions, pendingEnds: () => sessionEndIndex.pending, isLeader });
  const client = createKubernetesClient({
    onResponse({ method, status, durationMs }) {
      metrics.requests.inc({ method, code: String(status) });
      metrics.requestSeconds.observe({ verb: method }, durationMs / 1000);
    },
  });
  const events = createEventRecorder({ client, reportingInstance: identity, log });
  tellTransitions({ sessions: caches.sessions, events, metrics, isLeader });

  const authority = await ensureCertificateAuthority({ client, namespace, nowMs: () => client.nowMs() });
  const sessionPods = createSessionPodClient({ authority });
  const draining = followDraining({ client, namespace, leaseName, onChange: () => reconciler.resync(), log });
  const reconciler = createReconciler({
    client,
    caches,
    sessionEndIndex,
    sessionPods,
    events,
    metrics,
    config: config.plan,
    caPem: authority.caPem,
    isDraining: draining.isDraining,
    log,
  });
  const reflectors = startReflectors(caches, client, log);
  await reflectors.synced;
  const health = createServer(async (request, response) => {
    response.end(request.url === '/metrics' ? await metrics.registry.metrics() : 'ok');
  }).listen(config.ports.health);
  leadership = startLeadership({
    client,
    namespace,
    name: leaseName,
    identity,
    log,
    onStartedLeading: (signal) => reconciler.lead(signal),
  });

  return {
    /** Finishes what is in hand, gives the Lease away and closes everything. */
    async stop(): Promise<void> {
      draining.stop();
      await leadership?.stop();
      reconciler.close();
      await events.flush(flushMs);
      health.close();
      await reflectors.stop();
      await client.close();
    },
  };
}
