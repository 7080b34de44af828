import { applyManifest } from './kubectl.ts';

/** Sees to it that a namespace is there in which only pods of the restricted Pod Security Standard may run. */
export async function ensureRestrictedNamespace(name: string): Promise<void> {
  await applyManifest({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: restricted },
  });
}

/** What makes the API server refuse every other pod. */
export const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
