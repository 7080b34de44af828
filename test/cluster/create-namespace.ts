import { randomBytes } from 'node:crypto';
import { adminApi } from './admin-api.ts';
import { waitUntil } from './wait-until.ts';

/** A namespace that only one test file knows. */
export interface TestNamespace {
  readonly name: string;
  /** Deletes it with all that is in it, without waiting for its end. */
  remove(): Promise<void>;
}

/**
 * Makes a namespace with a fresh name and waits for its default ServiceAccount, so a controller manager has to run.
 * @param labels for instance `{ 'pod-security.kubernetes.io/enforce': 'restricted' }`.
 */
export async function createNamespace(
  kubeconfigPath: string,
  prefix: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<TestNamespace> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  const api = await adminApi(kubeconfigPath);
  try {
    await api.request('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    });
    await waitUntil(`default ServiceAccount in "${name}"`, 15_000, async () => {
      try {
        return { value: await api.request('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`) };
      } catch (error) {
        return { seen: String(error) };
      }
    });
  } finally {
    await api.close();
  }
  return {
    name,
    async remove() {
      const deleting = await adminApi(kubeconfigPath);
      try {
        await deleting.request('DELETE', `/api/v1/namespaces/${name}`);
      } finally {
        await deleting.close();
      }
    },
  };
}
