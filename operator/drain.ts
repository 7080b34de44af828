import { BerthError } from '@berth/protocol';
import { type KubernetesClient, mergePatch } from './kubernetes/client.ts';
import { isNotFound } from './kubernetes/errors.ts';
import type { Log } from './kubernetes/log.ts';
import { sleep } from './kubernetes/retry.ts';
import { drainAskedAtAnnotation } from './observe/draining.ts';
import { slimPod } from './observe/slim-pod.ts';
import { slimSession } from './observe/slim-session.ts';
import { managedByLabel, managedByValue, path, sessionKey } from './resource/names.ts';

/** Seconds that a drain may take. */
const drainSeconds = 60;
const lookMs = 1_000;

/** Some runs could not be ended in time. The uninstall is broken off with this, so that the operator stays to end them. */
export class DrainTimeoutError extends BerthError {
  readonly code = 'DRAIN_TIMEOUT';
  readonly retryable = true;

  constructor(held: readonly string[]) {
    const named = held.slice(0, 20).join('", "');
    super(
      `Cannot drain: ${held.length} sessions still hold a finalizer after ${drainSeconds} s ("${named}"); ` +
        'look at their pods and uninstall again, or uninstall without hooks and remove the finalizers by hand',
    );
  }
}

/**
 * Tells the operator to end every run and to let go of every session, and waits for it: the chart runs this before an
 * uninstall takes the operator away.
 * @throws {DrainTimeoutError} not done within 60 s; it names what is left.
 */
export async function drain(dependencies: {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly leaseName: string;
  readonly log: Log;
}): Promise<void> {
  const { client, namespace, leaseName, log } = dependencies;
  const deadlineMs = performance.now() + drainSeconds * 1000;
  let told = -1;
  for (;;) {
    // Asked for anew at each look: an operator that is started meanwhile must hear of it too.
    const operatorKnown = await ask(client, path.lease(namespace, leaseName));
    const held = await heldSessions(client);
    if (held.length === 0) return log.info('Drained: no session holds a finalizer');
    if (!operatorKnown)
      log.warn('No operator has ever led here; nobody will end these sessions', { left: held.length });
    if (performance.now() >= deadlineMs) throw new DrainTimeoutError(held);
    if (held.length !== told) log.info('Draining', { left: held.length });
    told = held.length;
    await sleep(lookMs);
  }
}

/** Writes into the Lease that a drain is asked for; false when there is none. */
async function ask(client: KubernetesClient, lease: string): Promise<boolean> {
  const annotations = { [drainAskedAtAnnotation]: new Date(client.nowMs()).toISOString() };
  try {
    await client.request({
      method: 'PATCH',
      path: lease,
      contentType: mergePatch,
      body: { metadata: { annotations } },
    });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Keys of the sessions, and of pods without one, that still carry a finalizer of ours: each has a run to end. */
async function heldSessions(client: KubernetesClient): Promise<string[]> {
  const held = new Set<string>();
  for await (const item of listed(client, path.sessions())) {
    const { namespace, name, hasFinalizer } = slimSession(item);
    if (hasFinalizer) held.add(sessionKey(namespace, name));
  }
  for await (const item of listed(client, path.pods(), { labelSelector: `${managedByLabel}=${managedByValue}` })) {
    const { namespace, name, hasFinalizer } = slimPod(item);
    if (hasFinalizer) held.add(sessionKey(namespace, name));
  }
  return [...held];
}

/** All objects of a collection, page by page. */
async function* listed(client: KubernetesClient, collection: string, query: Record<string, string> = {}) {
  let next = '';
  do {
    const page = await client.request<{ metadata: { continue?: string }; items: unknown[] }>({
      method: 'GET',
      path: collection,
      query: { ...query, limit: '500', ...(next === '' ? {} : { continue: next }) },
    });
    yield* page.items;
    next = page.metadata.continue ?? '';
  } while (next !== '');
}
