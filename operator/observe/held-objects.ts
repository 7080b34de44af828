import type { KubernetesClient } from '../kubernetes/client.ts';
import { listPages } from '../kubernetes/list-pages.ts';
import {
  deliveryFinalizer,
  managedByLabel,
  managedByValue,
  path,
  podFinalizer,
  sessionFinalizer,
  sessionKey,
} from '../resource/names.ts';
import type { ObjectMeta } from '../resource/object-meta.ts';

type Client = Pick<KubernetesClient, 'request'>;

const holds = ({ finalizers = [] }: ObjectMeta, finalizer: string) => finalizers.includes(finalizer);

/**
 * Keys of the sessions, and of pods without one, that still carry a finalizer of ours, by the API server itself: each has a
 * run to end.
 * @param namespace absent: all of them
 */
export async function heldSessions(client: Client, namespace?: string): Promise<Set<string>> {
  const held = new Set<string>();
  const collect = async (collection: string, finalizer: string, query = {}) => {
    for await (const { metadata } of listPages(client, collection, query)) {
      const meta = metadata as ObjectMeta;
      if (holds(meta, finalizer)) held.add(sessionKey(meta.namespace, meta.name));
    }
  };
  await collect(path.sessions(namespace), sessionFinalizer);
  await collect(path.pods(namespace), podFinalizer, { labelSelector: `${managedByLabel}=${managedByValue}` });
  return held;
}

/**
 * Keys of the records of ends that wait for their receivers.
 * @param namespace absent: all of them
 */
export async function heldRecords(client: Client, namespace?: string): Promise<string[]> {
  const held: string[] = [];
  for await (const { metadata } of listPages(client, path.sessionEnds(namespace))) {
    const meta = metadata as ObjectMeta;
    if (holds(meta, deliveryFinalizer)) held.push(sessionKey(meta.namespace, meta.name));
  }
  return held;
}

/** Whether any session is left in a namespace, with a finalizer or without. */
export async function hasSessions(client: Client, namespace: string): Promise<boolean> {
  for await (const _ of listPages(client, path.sessions(namespace))) return true;
  return false;
}
