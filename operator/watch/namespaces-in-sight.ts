import type { ApiError } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';

/**
 * Which namespaces the caches tell the whole truth about. A namespace is in sight when each kind of its objects was listed
 * since it was last refused: a pod that is known before its session would be taken for one without a session, and killed.
 */
export interface NamespacesInSight {
  has(namespace: string): boolean;
  /** Resolves when every namespace is either in sight or refused: one that is not there keeps nobody waiting. */
  readonly settled: Promise<void>;
  /** Called when a namespace has come into sight, the first time or again. */
  onArrival(listener: (namespace: string) => void): void;
  listed(namespace: string, kind: string): void;
  refused(namespace: string, kind: string, error: ApiError): void;
  /** It is looked at no more. */
  drop(namespace: string): void;
}

/** @param kinds that have to be listed in each of the namespaces */
export function createNamespacesInSight(options: {
  readonly namespaces: readonly string[];
  readonly kinds: readonly string[];
  readonly log: Log;
}): NamespacesInSight {
  const { kinds, log } = options;
  const missing = new Map(options.namespaces.map((namespace) => [namespace, new Set(kinds)]));
  const unsettled = new Set(options.namespaces);
  const told = new Set<string>();
  const listeners: ((namespace: string) => void)[] = [];
  const settled = Promise.withResolvers<void>();
  settle();

  function settle(namespace?: string) {
    if (namespace !== undefined) unsettled.delete(namespace);
    if (unsettled.size === 0) settled.resolve();
  }

  return {
    has: (namespace) => missing.get(namespace)?.size === 0,
    settled: settled.promise,
    onArrival: (listener) => void listeners.push(listener),

    listed(namespace, kind) {
      const left = missing.get(namespace);
      if (left?.delete(kind) !== true || left.size > 0) return;
      if (told.delete(namespace)) log.info('Namespace is in sight: its sessions are run', { namespace });
      settle(namespace);
      for (const listener of listeners) listener(namespace);
    },

    refused(namespace, kind, error) {
      missing.get(namespace)?.add(kind);
      settle(namespace);
      if (told.has(namespace)) return;
      told.add(namespace);
      log.warn(
        'Namespace is not in sight: its sessions are left alone; create it if it is missing, then run helm upgrade, which makes the Role in it',
        { namespace, kind, error },
      );
    },

    drop(namespace) {
      missing.delete(namespace);
      settle(namespace);
    },
  };
}
