import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KubernetesClient, WatchEvent } from '../kubernetes/client.ts';
import { ApiError, apiErrorFromStatus, isGone } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { fullJitter, sleep } from '../kubernetes/retry.ts';
import type { Cached, ReflectedCache } from './slim-cache.ts';

export interface ReflectorOptions<T extends Cached> {
  readonly client: KubernetesClient;
  /** Path of the collection. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly cache: ReflectedCache<T>;
  /** For logs and metrics, for instance `pods`. */
  readonly name: string;
  readonly log: Log;
  /**
   * Objects a page; 250 unless told. Each page is parsed in one go: of ten thousand objects of 2 KB the longest block
   * of the event loop was 47 ms with 500, 17 to 27 ms with 250, in the same time (measured).
   */
  readonly pageSize?: number;
  /** Milliseconds without a byte after which a watch is taken for dead; 90_000 unless told, for bookmarks come every minute. */
  readonly idleTimeoutMs?: number;
  readonly random?: () => number;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly metrics?: {
    /** A whole list was taken in. */
    listed(name: string, objects: number, durationMs: number): void;
    /** A watch is opened, the first or the next. */
    watchOpened(name: string): void;
  };
}

export interface Reflector {
  /** Resolves when the first list is in the cache. Rejects only when it was stopped before. */
  readonly synced: Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds that a list page may take: it reads from etcd. */
const pageTimeoutMs = 30_000;
/** A watch that ends sooner and without an event is a failure, as in client-go: else it would be opened in a hot loop. */
const shortWatchMs = 1_000;

/**
 * Keeps the cache equal to a collection: lists it, then watches from there, until it is stopped.
 * Nothing that the API server or the network does ends it: it tries again with jittered backoff, resumes a watch
 * where it ended, and lists again after a 410 or an ERROR event.
 */
export function startReflector<T extends Cached>(options: ReflectorOptions<T>): Reflector {
  const { client, path, cache, name, log, metrics, random = Math.random } = options;
  const { pageSize = 250, idleTimeoutMs = 90_000, backoff = { baseMs: 250, maxMs: 10_000 } } = options;
  const selectors = {
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
  const stopped = new AbortController();
  const { signal } = stopped;
  const synced = Promise.withResolvers<void>();
  synced.promise.catch(() => undefined); // Whoever does not wait for it is not to be told of the stop.
  /** Where to watch from; undefined when a list is due. */
  let resourceVersion: string | undefined;
  /** Failures since the last sign of health. */
  let failures = 0;

  /** Takes in the whole collection page by page. */
  async function list(): Promise<string> {
    const startedAtMs = performance.now();
    const items: T[] = [];
    let query: Record<string, string> = { ...selectors, limit: String(pageSize) };
    for (;;) {
      const page = await client.request<ListPage>({ method: 'GET', path, query, signal, timeoutMs: pageTimeoutMs });
      // Parsing a page blocks the event loop, and so does cutting it down: others get their turn in between.
      await nextTurn();
      for (const raw of page.items) skippingWhatCannotBeRead(raw, () => items.push(cache.slim(raw)));
      const { resourceVersion: version, continue: token } = page.metadata;
      if (token === undefined || token === '') {
        cache.replaceAll(items, version);
        metrics?.listed(name, items.length, performance.now() - startedAtMs);
        log.debug('Collection listed', { collection: name, objects: items.length, resourceVersion: version });
        return version;
      }
      await nextTurn();
      query = { ...query, continue: token };
    }
  }

  /** Follows one watch to its end. */
  async function watch(): Promise<void> {
    const openedAtMs = performance.now();
    let events = 0;
    const query = {
      ...selectors,
      allowWatchBookmarks: 'true',
      resourceVersion: resourceVersion ?? '',
      // Spread, so that the watches of a whole fleet never end together.
      timeoutSeconds: String(290 + Math.floor(random() * 291)),
    };
    metrics?.watchOpened(name);
    for await (const event of client.watch({ path, query, idleTimeoutMs, signal })) {
      take(event);
      events++;
      failures = 0;
    }
    if (signal.aborted) return;
    if (events === 0 && performance.now() - openedAtMs < shortWatchMs) await backOff();
    else failures = 0;
  }

  function take({ type, object }: WatchEvent) {
    if (type === 'ERROR') {
      // Whatever its code: the API server cannot go on from this resourceVersion.
      resourceVersion = undefined;
      const code = typeof object['code'] === 'number' ? object['code'] : 500;
      throw apiErrorFromStatus({ method: 'WATCH', path }, { status: code, body: object });
    }
    if (type !== 'BOOKMARK') skippingWhatCannotBeRead(object, () => cache.apply(type, object));
    resourceVersion = (object['metadata'] as { resourceVersion: string }).resourceVersion;
  }

  /** One object that no schema checked must not keep all the others from being seen. */
  function skippingWhatCannotBeRead(raw: Record<string, unknown>, takeIn: () => void) {
    try {
      takeIn();
    } catch (error) {
      const { namespace, name: object } = (raw['metadata'] ?? {}) as { namespace?: string; name?: string };
      log.error('Object skipped that cannot be read', { collection: name, namespace, object, error });
    }
  }

  function backOff(): Promise<void> {
    return sleep(fullJitter(failures++, backoff.baseMs, backoff.maxMs, random), signal);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (resourceVersion === undefined) {
          resourceVersion = await list();
          synced.resolve();
        }
        await watch();
      } catch (error) {
        if (signal.aborted) return;
        if (isPastResuming(error)) resourceVersion = undefined;
        const relist = resourceVersion === undefined;
        log.warn('Watch interrupted', { collection: name, relist, failures, error });
        await backOff().catch(() => undefined); // Only the stop ends it early, and the loop sees that.
      }
    }
  }

  const running = run();
  return {
    synced: synced.promise,
    async stop() {
      stopped.abort();
      synced.reject(signal.reason);
      await running;
    },
  };
}

interface ListPage {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly Record<string, unknown>[];
}

/** Whether watching on from the same resourceVersion would fail again. */
function isPastResuming(error: unknown): boolean {
  if (isGone(error)) return true;
  // The API server's own state is older than what was seen: its etcd was restored.
  return error instanceof ApiError && (error.status === 400 || error.causes.includes('ResourceVersionTooLarge'));
}
