import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRotation } from '@berth/operator/act/rotation.ts';
import type { RotationTiming } from '@berth/operator/pods/rotation-step.ts';
import { createSessionPodClient } from '@berth/operator/pods/session-pod-client.ts';
import { createTrustStore } from '@berth/operator/pods/trust-store.ts';
import { caConfigMap, path } from '@berth/operator/resource/names.ts';
import { qrRoute } from '@berth/session-pod/api/routes/qr.get.ts';
import { selfSignedCertificate } from '@berth/session-pod/api/self-signed-certificate.ts';
import { createApiServer } from '@berth/session-pod/api/server.ts';
import { watchCertificateAuthority } from '@berth/session-pod/deliver/certificate-authority.ts';
import { postReport } from '@berth/session-pod/deliver/post-report.ts';
import { anOperatorAuthority } from '../builders/an-operator-authority.ts';
import { silentLog } from '../unit/session-pod/silent-log.ts';
import { keepingLog } from './proxied-api.ts';
import type { Pod, SessionWorld } from './session-world.ts';

/** What is measured of a kubelet is up to 90 s; here it is this much, in milliseconds. */
const kubeletLagMs = 1_500;
const readMs = 250;
const beatMs = 300;

/** Reports and calls of one pod, whose process stays the same. */
export interface TrustingPod {
  /** Each report that got another answer than 200, and each call that failed. */
  readonly failures: readonly string[];
  /** How many reports were taken, and how many calls answered. */
  readonly counts: { reports: number; calls: number };
  /** CA bundles that the process has read, in their order. */
  readonly bundles: readonly string[];
  stop(): Promise<void>;
}

/**
 * A pod as its operators see it, of the session pod's own code: it reads the CA again from a file that changes as late as a
 * kubelet's, and all the time it reports to every operator, and is called by a replica that does nothing but follow the Secret.
 * @param operatorNamespace with the Secret of the CA
 */
export async function startTrustingPod({
  world,
  pod,
  operatorNamespace,
  operatorUrls,
  timing,
}: {
  readonly world: SessionWorld;
  readonly pod: Pod;
  readonly operatorNamespace: string;
  /** Of the operators that live now. */
  readonly operatorUrls: () => readonly string[];
  readonly timing: RotationTiming;
}): Promise<TrustingPod> {
  const { client, namespace } = world;
  const directory = mkdtempSync(join(tmpdir(), 'berth-trusting-pod-'));
  const caFile = join(directory, 'ca.crt');
  const published = async () => {
    const at = path.configMap(namespace, caConfigMap);
    return (await client.request<{ data: Record<string, string> }>({ method: 'GET', path: at })).data['ca.crt'] ?? '';
  };
  writeFileSync(caFile, await published());
  const ca = watchCertificateAuthority(caFile, silentLog, readMs);
  const bundles = [ca.pem()];
  ca.onChange((pem) => void bundles.push(pem));
  const certificate = selfSignedCertificate(pod.metadata.name, Date.now());
  const server = createApiServer({ ca, certificate, log: silentLog, routes: [qrRoute({ qr: () => 'the-qr' })] });
  const port = await server.listen(0);

  const authority = await anOperatorAuthority({ client, namespace: operatorNamespace });
  const following = createRotation({
    store: createTrustStore(client, operatorNamespace),
    authority,
    timing,
    publishTrust: () => Promise.reject(new Error('It only follows')),
    namespaces: () => new Set(),
    nowMs: () => client.nowMs(),
    log: keepingLog(),
  }).follow();
  const sessionPods = createSessionPodClient({ authority, port });
  const token = await tokenOf(world, pod);
  const stopped = new AbortController();
  const failures: string[] = [];
  const counts = { reports: 0, calls: 0 };

  async function beat(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!stopped.signal.aborted) failures.push(`${new Date().toISOString()} ${what}: ${String(error)}`);
    }
  }
  async function report(operatorUrl: string, sequence: number): Promise<void> {
    const run = { runUid: pod.metadata.uid, sequence, state: 'ready', stateSince: '2026-01-01T00:00:00.000Z' } as const;
    const content = { ...run, reconnects: 0, certificateSha256: certificate.sha256 };
    const status = await postReport(content, { operatorUrl, ca: ca.pem(), token, timeoutMs: 8_000 });
    if (status !== 200) throw new Error(`answered ${status}`);
    counts.reports++;
  }
  async function reporting(): Promise<void> {
    for (let sequence = 1; !stopped.signal.aborted; sequence++) {
      for (const operatorUrl of operatorUrls())
        await beat(`report to ${operatorUrl}`, () => report(operatorUrl, sequence));
      await beat('call', async () => {
        await sessionPods.fetchQr({ podIp: '127.0.0.1', certificateSha256: certificate.sha256 });
        counts.calls++;
      });
      await sleep(beatMs);
    }
  }
  async function kubelet(): Promise<void> {
    while (!stopped.signal.aborted) {
      const seen = await published();
      await sleep(kubeletLagMs);
      if (readFileSync(caFile, 'utf8') === seen) continue;
      writeFileSync(`${caFile}.new`, seen);
      renameSync(`${caFile}.new`, caFile); // In one step, as the kubelet does it.
    }
  }
  const work = Promise.all([reporting(), kubelet()]);
  return {
    failures,
    counts,
    bundles,
    async stop() {
      stopped.abort();
      await work;
      following.stop();
      ca.close();
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** As the kubelet asks for it. */
async function tokenOf({ client, namespace }: SessionWorld, { metadata: { name, uid } }: Pod): Promise<string> {
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
  const answer = await client.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['berth-operator'], expirationSeconds: 3_600, boundObjectRef },
    },
  });
  return answer.status.token;
}
