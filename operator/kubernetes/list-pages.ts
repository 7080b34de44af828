import type { KubernetesClient } from './client.ts';

/** All objects of a collection, page by page. @throws {ApiError} */
export async function* listPages(
  client: Pick<KubernetesClient, 'request'>,
  collection: string,
  query: Readonly<Record<string, string>> = {},
): AsyncGenerator<Record<string, unknown>> {
  let next = '';
  do {
    const page = await client.request<{ metadata: { continue?: string }; items: Record<string, unknown>[] }>({
      method: 'GET',
      path: collection,
      query: { ...query, limit: '500', ...(next === '' ? {} : { continue: next }) },
    });
    yield* page.items;
    next = page.metadata.continue ?? '';
  } while (next !== '');
}
