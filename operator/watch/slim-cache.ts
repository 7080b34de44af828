import { BoundedSet } from './bounded-set.ts';
import { compareResourceVersions } from './resource-version.ts';

/** What every cached object has. */
export interface Cached {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Called after the cache changed; `now` is undefined when the object is gone. */
export type ChangeListener<T> = (key: string, now: T | undefined, before: T | undefined) => void;

/** The newest state known of each object of one kind, cut down to what is read. The key is `<namespace>/<name>`. */
export interface SlimCache<T extends Cached> {
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
  /**
   * Takes in the answer of an own write, so that nothing decides on a state older than it.
   * Ignored when the cache already holds something newer, or has seen this uid go.
   */
  absorb(raw: unknown): void;
  /** Takes in that an own delete removed the object at once. */
  absorbGone(key: string, uid: string): void;
  onChange(listener: ChangeListener<T>): void;
}

/** The side of the cache that only the reflector uses. */
export interface ReflectedCache<T extends Cached> extends SlimCache<T> {
  /** Cuts an object down. */
  slim(raw: Record<string, unknown>): T;
  /** Takes in a whole list. What is newer than `listResourceVersion` (own writes) stays. */
  replaceAll(items: readonly T[], listResourceVersion: string): void;
  /** Takes in one event of a watch; bookmarks are not for it. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', raw: Record<string, unknown>): void;
}

export interface SlimCacheOptions<T extends Cached> {
  /** Keeps only the fields that are read: ten thousand whole pods would take 100 MB. */
  readonly slim: (raw: Record<string, unknown>) => T;
  /** Told of a listener's error, which never stops the cache or the other listeners. */
  readonly onListenerError?: (error: unknown, key: string) => void;
}

/** Uids seen to go that are remembered. An own write is in flight for seconds, so that only the newest matter. */
const rememberedGone = 20_000;

/** Creates an empty cache. */
export function createSlimCache<T extends Cached>(options: SlimCacheOptions<T>): ReflectedCache<T> {
  const { slim, onListenerError } = options;
  const objects = new Map<string, T>();
  const gone = new BoundedSet<string>(rememberedGone);
  const listeners: ChangeListener<T>[] = [];

  function notify(key: string, now: T | undefined, before: T | undefined) {
    for (const listener of listeners) {
      try {
        listener(key, now, before);
      } catch (error) {
        onListenerError?.(error, key);
      }
    }
  }

  /** Takes in a state unless it is known already, outdated, or of an object that has gone: a uid never comes back. */
  function put(now: T) {
    const key = keyOf(now);
    const before = objects.get(key);
    if (gone.has(now.uid)) return;
    if (before !== undefined && compareResourceVersions(now.resourceVersion, before.resourceVersion) <= 0) return;
    // Another object of the same name: the one before was deleted although nothing told so.
    if (before !== undefined && before.uid !== now.uid) gone.add(before.uid);
    objects.set(key, now);
    notify(key, now, before);
  }

  /** An object of the same name but another uid is not meant: it stays. */
  function remove(key: string, uid: string) {
    gone.add(uid);
    const before = objects.get(key);
    if (before?.uid !== uid) return;
    objects.delete(key);
    notify(key, undefined, before);
  }

  return {
    get: (key) => objects.get(key),
    values: () => objects.values(),
    get size() {
      return objects.size;
    },
    onChange: (listener) => void listeners.push(listener),
    slim,
    absorb: (raw) => put(slim(raw as Record<string, unknown>)),
    absorbGone: remove,

    replaceAll(items, listResourceVersion) {
      const listed = new Set<string>();
      for (const item of items) listed.add(keyOf(item));
      for (const [key, { uid, resourceVersion }] of objects) {
        // Newer than the list: created by ourselves since, so the list cannot know it.
        const unknownToList = compareResourceVersions(resourceVersion, listResourceVersion) > 0;
        if (!listed.has(key) && !unknownToList) remove(key, uid);
      }
      for (const item of items) put(item);
    },

    apply(type, raw) {
      const now = slim(raw);
      if (type === 'DELETED') remove(keyOf(now), now.uid);
      else put(now);
    },
  };
}

function keyOf({ namespace, name }: Cached): string {
  return `${namespace}/${name}`;
}
