import type { KubernetesClient } from '../kubernetes/client.ts';
import { objectView } from './object-view.ts';

export interface PageRequest {
  /** Of a collection. */
  readonly path: string;
  readonly kind: string;
  readonly limit: number;
  readonly continue?: string | undefined;
  readonly labelSelector?: string;
  readonly signal: AbortSignal;
}

/**
 * Reads one page of a collection from the API server: never all, which may be ten thousand, and never from the caches, which
 * hold only what is decided on.
 * @throws {ApiError} 410: the continue token is too old
 */
export async function readPage(client: Pick<KubernetesClient, 'request'>, page: PageRequest) {
  const { path, kind, limit, labelSelector, signal } = page;
  const { items, metadata } = await client.request<{ items: readonly unknown[]; metadata: { continue?: string } }>({
    method: 'GET',
    path,
    query: {
      limit: String(limit),
      ...(page.continue === undefined ? {} : { continue: page.continue }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    },
    signal,
  });
  const next = metadata.continue;
  return { items: items.map((item) => objectView(item, kind)), ...(next ? { continue: next } : {}) };
}
