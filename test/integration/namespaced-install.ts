import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { isAlreadyExists } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { ObjectMeta } from '@berth/operator/resource/object-meta.ts';
import { type RunReport, reportPath } from '@berth/protocol';
import { Client } from 'undici';
import { type Manifest, openHelmChart } from './helm-chart.ts';
import type { Pod } from './session-world.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
/** Name of the Role and the RoleBinding in each watched namespace. */
export const sessionsRole = 'berth-operator-sessions';

/** The chart's account of the operator with exactly the rights that the chart grants it, and no pod of it. */
export interface NamespacedInstall {
  readonly home: string;
  /** Of the operator's account. */
  readonly kubeconfigPath: string;
  /**
   * Makes the Role and RoleBinding of a namespace, as `helm upgrade` does.
   * @param like the namespace of the chart whose Roles it gets; its own unless told
   */
  grant(namespace: string, like?: string): Promise<void>;
}

/**
 * Renders the chart for these namespaces and makes of it what is about rights.
 * @param kubeconfigPath the admin's
 */
export async function installRights(
  client: KubernetesClient,
  kubeconfigPath: string,
  { home, watchNamespaces }: { readonly home: string; readonly watchNamespaces: readonly string[] },
): Promise<NamespacedInstall> {
  const all = await (await openHelmChart()).render([`watchNamespaces=${JSON.stringify(watchNamespaces)}`]);
  const manifests = JSON.parse(JSON.stringify(all).replaceAll('berth-system', home)) as Manifest[];
  const plural: Readonly<Record<string, string>> = { Role: 'roles', RoleBinding: 'rolebindings' };
  const namespaceOf = ({ metadata }: Manifest) => (metadata as { namespace?: string }).namespace;

  async function grant(namespace: string, like = namespace): Promise<void> {
    for (const rendered of manifests.filter(({ kind }) => kind in plural)) {
      if (namespaceOf(rendered) !== like) continue;
      const object = { ...rendered, metadata: { ...rendered.metadata, namespace } };
      const at = `${rbac}/namespaces/${namespace}/${plural[object.kind]}`;
      await client.request({ method: 'POST', path: at, body: object }).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    }
  }

  const account = manifests.find(({ kind }) => kind === 'ServiceAccount');
  await client.request({ method: 'POST', path: `/api/v1/namespaces/${home}/serviceaccounts`, body: account });
  await grant(home);
  const token = await tokenOf(client, home, 'berth-operator', { expirationSeconds: 3600 });
  return { home, kubeconfigPath: await kubeconfigWith(token, kubeconfigPath), grant };
}

/** A kubeconfig of the same server with the token that the kubelet would mount. */
async function kubeconfigWith(token: string, admins: string): Promise<string> {
  const kubeconfig = JSON.parse(await readFile(admins, 'utf8')) as { users: { user: object }[] };
  const users = kubeconfig.users.map((each) => ({ ...each, user: { token } }));
  const file = join(admins, '..', 'namespaced-operator.kubeconfig');
  await writeFile(file, JSON.stringify({ ...kubeconfig, users }), { mode: 0o600 });
  return file;
}

async function tokenOf(client: KubernetesClient, namespace: string, serviceAccount: string, spec: object) {
  const answer = await client.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
  });
  return answer.status.token;
}

/** The token that the kubelet gives to a pod of a session. */
export function tokenOfPod(
  client: KubernetesClient,
  { metadata: { namespace, name, uid } }: Pod,
  audience = 'berth-operator',
) {
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
  return tokenOf(client, namespace, 'default', { audiences: [audience], expirationSeconds: 600, boundObjectRef });
}

/** Reports as a pod does, and gives the status of the answer. */
export async function report(
  client: KubernetesClient,
  to: { readonly operatorUrl: string; readonly home: string },
  run: Pick<RunReport, 'runUid'> & Partial<RunReport>,
  token: string,
): Promise<number> {
  const secret = await client.request<{ data: Record<string, string> }>({
    method: 'GET',
    path: path.secret(to.home, 'berth-ca'),
  });
  const ca = Buffer.from(secret.data['ca.crt'] ?? '', 'base64').toString('utf8');
  const connection = new Client(to.operatorUrl, { connect: { ca } });
  try {
    const body: RunReport = {
      sequence: 1,
      state: 'ready',
      stateSince: new Date().toISOString(),
      reconnects: 0,
      certificateSha256: 'a'.repeat(64),
      ...run,
    };
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const answer = await connection.request({ method: 'POST', path: reportPath, headers, body: JSON.stringify(body) });
    await answer.body.dump();
    return answer.statusCode;
  } finally {
    await connection.destroy();
  }
}

/** Role and RoleBinding of a watched namespace, as they are; undefined where there is none. */
export async function rolesIn(client: KubernetesClient, namespace: string) {
  const get = (at: string) =>
    client.request<{ metadata: ObjectMeta }>({ method: 'GET', path: at }).catch(() => undefined);
  return {
    role: await get(path.role(namespace, sessionsRole)),
    binding: await get(path.roleBinding(namespace, sessionsRole)),
  };
}
