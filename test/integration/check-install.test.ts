import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkInstall, InstallCheckError } from '@berth/operator/check-install.ts';
import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { createKubernetesClient } from '@berth/operator/kubernetes/create-client.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { ObjectMeta } from '@berth/operator/resource/object-meta.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type Manifest, only, openHelmChart } from './helm-chart.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { keepingLog } from './proxied-api.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

const roles = '/apis/rbac.authorization.k8s.io/v1';
const podName = 'berth-test';
let server: TestApiServer;
let home: SessionWorld;
let operator: OperatorProcess;
let account: KubernetesClient;
let manifests: Manifest[];

beforeAll(async () => {
  server = await startApiServer();
  home = await createSessionWorld(server.kubeconfigPath, 'home');
  manifests = (await (await openHelmChart()).render()).map((each) => inNamespace(each, home.namespace));
  await applyRoles();
  account = createKubernetesClient({ kubeconfigPath: await kubeconfigOfOperator() });
  operator = await startOperatorProcess({ kubeconfig: server.kubeconfigPath, namespace: home.namespace });
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: podName } };
  const spec = { serviceAccountName: 'berth-operator', containers: [{ name: 'check', image: 'none' }] };
  await home.client.request({ method: 'POST', path: path.pods(home.namespace), body: { ...pod, spec } });
}, 600_000);
afterAll(async () => {
  await operator?.terminate();
  await account?.close();
  await home?.close();
  await server?.stop();
});

/** The chart is rendered for another namespace than that of the test. */
const inNamespace = (manifest: Manifest, namespace: string) =>
  JSON.parse(JSON.stringify(manifest).replaceAll('berth-system', namespace)) as Manifest;

async function applyRoles(): Promise<void> {
  const post = (at: string, body: unknown) => home.client.request({ method: 'POST', path: at, body });
  const inHome = `namespaces/${home.namespace}`;
  await post(`/api/v1/${inHome}/serviceaccounts`, only(manifests, 'ServiceAccount'));
  await post(`${roles}/clusterroles`, only(manifests, 'ClusterRole'));
  await post(`${roles}/clusterrolebindings`, only(manifests, 'ClusterRoleBinding'));
  await post(`${roles}/${inHome}/roles`, only(manifests, 'Role'));
  await post(`${roles}/${inHome}/rolebindings`, only(manifests, 'RoleBinding'));
}

async function tokenOf(serviceAccount: string, spec: object): Promise<string> {
  const answer = await home.client.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${home.namespace}/serviceaccounts/${serviceAccount}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
  });
  return answer.status.token;
}

/** A kubeconfig with the token that the kubelet would mount into the operator's pod. */
async function kubeconfigOfOperator(): Promise<string> {
  const kubeconfig = JSON.parse(await readFile(server.kubeconfigPath, 'utf8')) as { users: { user: object }[] };
  const token = await tokenOf('berth-operator', { expirationSeconds: 600 });
  const file = join(server.kubeconfigPath, '..', 'operator.kubeconfig');
  const users = kubeconfig.users.map((each) => ({ ...each, user: { token } }));
  await writeFile(file, JSON.stringify({ ...kubeconfig, users }), { mode: 0o600 });
  return file;
}

/** As the kubelet makes it for the pod that checks. */
async function tokenToReportWith(audience = 'berth-operator'): Promise<string> {
  const pod = await home.client.request<{ metadata: ObjectMeta }>({
    method: 'GET',
    path: path.pod(home.namespace, podName),
  });
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: podName, uid: pod.metadata.uid };
  return tokenOf('berth-operator', { audiences: [audience], expirationSeconds: 600, boundObjectRef });
}

function check(overrides: Partial<Parameters<typeof checkInstall>[0]> = {}): Promise<void> {
  return checkInstall({
    client: account,
    namespace: home.namespace,
    leaseName: 'berth-operator',
    podName,
    operatorUrl: operator.apiUrl,
    healthUrl: operator.healthUrl,
    readToken: tokenToReportWith,
    log: keepingLog(),
    patienceMs: 0,
    ...overrides,
  });
}

test('checkInstall() has nothing to say of an install with the rights of the chart', async () => {
  await expect(check({ patienceMs: 20_000 })).resolves.toBeUndefined();
});

test('checkInstall() waits for an operator that is not there yet', async () => {
  let looks = 0;
  const later = async () => {
    if (++looks < 3) throw new Error('not mounted yet');
    return tokenToReportWith();
  };
  await expect(check({ readToken: later, patienceMs: 20_000 })).resolves.toBeUndefined();
  expect(looks).toBe(3);
});

test.each([
  {
    name: 'an operator that cannot be reached',
    but: () => ({ operatorUrl: 'https://localhost:2', healthUrl: 'http://127.0.0.1:2' }),
    says: [
      /"http:\/\/127\.0\.0\.1:2\/readyz" does not answer: .*ECONNREFUSED/,
      /does not reach "https:\/\/localhost:2"/,
    ],
  },
  {
    name: 'a certificate that the CA has not signed for this name',
    but: () => ({ operatorUrl: operator.apiUrl.replace('localhost', '127.0.0.1') }),
    says: [/a report does not reach "https:\/\/127\.0\.0\.1:\d+": .*altnames/],
  },
  {
    name: 'a token that the operator cannot prove',
    but: () => ({ readToken: () => tokenToReportWith('another') }),
    says: [/is answered with 401 instead of 410/],
  },
  {
    name: 'an operator that has never started',
    but: () => ({ namespace: 'default' }),
    says: [/the Secret "default\/berth-ca" holds no CA/, /may not .* in "default"/],
  },
])('checkInstall() tells of $name', async ({ but, says }) => {
  const checked = check(but());
  await expect(checked).rejects.toThrow(InstallCheckError);
  for (const each of says) await expect(checked).rejects.toThrow(each);
});

test('checkInstall() tells of definitions that are not served', async () => {
  const client: Pick<KubernetesClient, 'request'> = {
    request: (request) =>
      account.request({ ...request, path: request.path.replace('/v1alpha1/whatsappsessions', '/v1alpha1/gone') }),
  };
  await expect(check({ client })).rejects.toThrow(/Cannot GET .* 40[34]/);
});

test('checkInstall() names each right that is missing', async () => {
  const role = only(manifests, 'ClusterRole');
  const rules = (role.rules ?? []).map((rule) =>
    rule.resources.includes('pods') ? { ...rule, verbs: ['get', 'list', 'watch'] } : rule,
  );
  const at = `${roles}/clusterroles/${role.metadata.name}`;
  await home.client.request({ method: 'PUT', path: at, body: { ...role, rules } });
  // The API server's own view of its roles is a moment behind.
  const refusal = await waitUntil('refusal', 20_000, () =>
    check().then(
      () => ({ seen: 'nothing to say' }),
      (error: unknown) => ({ value: error }),
    ),
  );
  expect(refusal).toBeInstanceOf(InstallCheckError);
  expect(String(refusal)).toContain(': rights: the operator may not create pods, patch pods, delete pods; mend that');
});
