import { BerthError } from '@berth/protocol';
import type { ReleaseRoles } from './act/release-roles.ts';
import { type KubernetesClient, mergePatch } from './kubernetes/client.ts';
import { isForbidden, isNotFound } from './kubernetes/errors.ts';
import type { Log } from './kubernetes/log.ts';
import { sleep } from './kubernetes/retry.ts';
import { drainAskedAtAnnotation } from './observe/draining.ts';
import { heldRecords, heldSessions } from './observe/held-objects.ts';
import { path } from './resource/names.ts';

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
      `Cannot drain: ${held.length} sessions and ends still hold a finalizer after ${drainSeconds} s ("${named}"); ` +
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
  /** Those whose sessions are run; empty: all. */
  readonly watchNamespaces: readonly string[];
  /** Takes the finalizer off the operator's Roles in a namespace. */
  readonly releaseRoles: ReleaseRoles;
  readonly log: Log;
}): Promise<void> {
  const { client, namespace, leaseName, watchNamespaces, releaseRoles, log } = dependencies;
  const deadlineMs = performance.now() + drainSeconds * 1000;
  let told = -1;
  for (;;) {
    // Asked for anew at each look: an operator that is started meanwhile must hear of it too.
    const operatorKnown = await ask(client, path.lease(namespace, leaseName));
    const held = await heldIn(client, namespace, watchNamespaces, log);
    if (held.length === 0) {
      log.info('Drained: no session, pod or session end holds a finalizer');
      // Last of all: helm deletes the Roles next, and nobody is left then who could do it.
      for (const watched of watchNamespaces) await releaseRoles(watched);
      return;
    }
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

/** All sessions and records that hold a finalizer. A namespace that nothing is granted in is gone, or was never there. */
async function heldIn(
  client: KubernetesClient,
  namespace: string,
  watchNamespaces: readonly string[],
  log: Log,
): Promise<string[]> {
  if (watchNamespaces.length === 0) return [...(await heldSessions(client)), ...(await heldRecords(client))];
  // Records lie in the operator's own namespace where the session's takes none.
  const held = watchNamespaces.includes(namespace) ? [] : await heldRecords(client, namespace);
  for (const watched of watchNamespaces) {
    try {
      held.push(...(await heldSessions(client, watched)), ...(await heldRecords(client, watched)));
    } catch (error) {
      if (!isForbidden(error) && !isNotFound(error)) throw error;
      log.warn('Namespace cannot be looked at, so it is not drained; it is gone, or its Role is', {
        namespace: watched,
        error,
      });
    }
  }
  return held;
}
