import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import { path } from '../resource/names.ts';

/** Annotation of the Lease: the namespaces in which the operator has rights, with commas between. */
export const watchedNamespacesAnnotation = 'berth.dev/watched-namespaces';

type Client = Pick<KubernetesClient, 'request'>;

/** Which namespaces the operators of before watched: the configuration alone does not tell what was taken out of it. */
export function createWatchedNamespacesRecord(options: {
  readonly client: Client;
  readonly namespace: string;
  readonly leaseName: string;
}) {
  const { client } = options;
  const at = path.lease(options.namespace, options.leaseName);

  return {
    /** Empty when nothing was ever written. @throws {ApiError} */
    async read(): Promise<string[]> {
      try {
        const { metadata } = await client.request<{ metadata: { annotations?: Record<string, string> } }>({
          method: 'GET',
          path: at,
        });
        return (metadata.annotations?.[watchedNamespacesAnnotation] ?? '').split(',').filter(Boolean);
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    },
    /** @throws {ApiError} */
    async write(namespaces: Iterable<string>): Promise<void> {
      const value = [...namespaces].toSorted().join(',') || null;
      const body = { metadata: { annotations: { [watchedNamespacesAnnotation]: value } } };
      await client.request({ method: 'PATCH', path: at, contentType: mergePatch, body });
    },
  };
}
export type WatchedNamespacesRecord = ReturnType<typeof createWatchedNamespacesRecord>;
