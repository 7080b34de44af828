import { BerthError, type RunReport, reportPath, reportStatus } from '@berth/protocol';
import { Client } from 'undici';
import type { KubernetesClient } from './kubernetes/client.ts';
import type { Log } from './kubernetes/log.ts';
import { sleep } from './kubernetes/retry.ts';
import { operatorRights, type Right } from './operator-rights.ts';
import { caSecret } from './pods/certificate-authority.ts';
import { readSecret } from './pods/ensure-secret.ts';
import { path } from './resource/names.ts';
import type { ObjectMeta } from './resource/object-meta.ts';

/** Where the chart mounts the token that the check reports with: of the audience of session pods' tokens. */
export const checkTokenFile = '/var/run/secrets/berth/token';

/** Milliseconds that an install may still need: `helm install` does not wait for its pods. */
const patienceAtMost = 90_000;
const lookMs = 1_000;
/** Of one request to an operator, in milliseconds. */
const askMs = 5_000;

/** Something that an install needs is missing. */
export class InstallCheckError extends BerthError {
  readonly code = 'INSTALL_CHECK_FAILED';
  readonly retryable = true;

  constructor(faults: readonly string[]) {
    super(`Cannot vouch for this install: ${faults.join('; ')}; mend that and check again`);
  }
}

export interface InstallCheckDependencies {
  /** With the operator's own account: what is allowed to it is what counts. */
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly namespace: string;
  readonly leaseName: string;
  /** Name of the pod that checks. */
  readonly podName: string;
  /** Where session pods report to. */
  readonly operatorUrl: string;
  /** Where the kubelet and Prometheus ask. */
  readonly healthUrl: string;
  /** This pod's token of the operator's audience. */
  readonly readToken: () => Promise<string>;
  readonly log: Log;
  /** Milliseconds until what is not so is a fault; 90_000 unless told. */
  readonly patienceMs?: number;
}

/** Undefined when all is well, else what is not. */
type Look = () => Promise<string | undefined>;

/**
 * Checks an install without a session: that the API server can be reached and grants the operator all that it needs,
 * that Berth's resources are served, that an operator is ready, and that a pod's report gets through to it.
 * @throws {InstallCheckError} it names all that is not so when the time is over
 */
export async function checkInstall(dependencies: InstallCheckDependencies): Promise<void> {
  const { log, patienceMs = patienceAtMost } = dependencies;
  const deadlineMs = performance.now() + patienceMs;
  const looks: Readonly<Record<string, Look>> = {
    rights: () => missingRights(dependencies),
    resources: () => unservedResources(dependencies),
    readiness: () => unreadiness(dependencies),
    reports: () => reportFault(dependencies),
  };
  const faults = await Promise.all(
    Object.entries(looks).map(async ([check, look]) => {
      const fault = await lastFault(look, deadlineMs);
      if (fault === undefined) log.info('Check passed', { check });
      else log.error('Check failed', { check, fault });
      return fault === undefined ? [] : [`${check}: ${fault}`];
    }),
  );
  const found = faults.flat();
  if (found.length > 0) throw new InstallCheckError(found);
}

async function lastFault(look: Look, deadlineMs: number): Promise<string | undefined> {
  for (;;) {
    const fault = await look().catch(wordsOf);
    if (fault === undefined || performance.now() >= deadlineMs) return fault;
    await sleep(lookMs);
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && !message.includes(cause.message) ? `${message} (${cause.message})` : message;
}

async function missingRights({ client, namespace, leaseName }: InstallCheckDependencies): Promise<string | undefined> {
  const answers = await Promise.all(
    operatorRights(leaseName).map(async (right) => {
      const answer = await client.request<{ status?: { allowed?: boolean } }>({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: attributesOf(right, namespace) },
        },
      });
      return answer.status?.allowed === true ? [] : [inWords(right, namespace)];
    }),
  );
  const missing = answers.flat();
  return missing.length === 0 ? undefined : `the operator may not ${missing.join(', ')}`;
}

/** An empty namespace asks for all of them. */
function attributesOf({ verb, group, resource, name = '', inOwnNamespace }: Right, namespace: string) {
  const [plural, subresource = ''] = resource.split('/');
  return { verb, group, resource: plural, subresource, name, namespace: inOwnNamespace ? namespace : '' };
}

function inWords({ verb, resource, name, inOwnNamespace }: Right, namespace: string): string {
  const what = name === undefined ? resource : `${resource} "${name}"`;
  return inOwnNamespace ? `${verb} ${what} in "${namespace}"` : `${verb} ${what}`;
}

async function unservedResources({ client }: InstallCheckDependencies): Promise<string | undefined> {
  for (const collection of [path.sessions(), path.sessionEnds()])
    await client.request({ method: 'GET', path: collection, query: { limit: '1' } });
  return undefined;
}

async function unreadiness({ healthUrl }: InstallCheckDependencies): Promise<string | undefined> {
  const url = `${healthUrl}/readyz`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(askMs) });
    return answer.ok ? undefined : `"${url}" answers ${answer.status}, "${(await answer.text()).trim()}"`;
  } catch (error) {
    return `"${url}" does not answer: ${wordsOf(error)}`;
  }
}

/**
 * Sends a report as a session's pod does, over TLS by the operator's CA. The operator proves the token, looks for the
 * session of this pod, and says that there is none: 410, for which all parts of the way have to work.
 */
async function reportFault(dependencies: InstallCheckDependencies): Promise<string | undefined> {
  const { client, namespace, podName, operatorUrl, readToken } = dependencies;
  const ca = (await readSecret(client, { namespace, name: caSecret }))?.['ca.crt'];
  if (ca === undefined) return `the Secret "${namespace}/${caSecret}" holds no CA, so no operator has started yet`;
  const pod = await client.request<{ metadata: ObjectMeta }>({ method: 'GET', path: path.pod(namespace, podName) });
  const token = (await readToken()).trim();
  const connection = new Client(operatorUrl, { connect: { ca: Buffer.from(ca).toString('utf8'), timeout: askMs } });
  try {
    const answer = await connection.request({
      method: 'POST',
      path: reportPath,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(aReport(pod.metadata.uid)),
      signal: AbortSignal.timeout(askMs),
    });
    const said = await answer.body.text();
    if (answer.statusCode === reportStatus.gone) return undefined;
    return `a report to "${operatorUrl}" is answered with ${answer.statusCode} instead of ${reportStatus.gone}, "${said.slice(0, 200)}"`;
  } catch (error) {
    return `a report does not reach "${operatorUrl}": ${wordsOf(error)}`;
  } finally {
    await connection.destroy();
  }
}

const aReport = (runUid: string): RunReport => ({
  runUid,
  sequence: 1,
  state: 'connecting',
  stateSince: new Date().toISOString(),
  reconnects: 0,
  certificateSha256: '0'.repeat(64),
});
