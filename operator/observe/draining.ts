import type { KubernetesClient } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { path } from '../resource/names.ts';

/** Annotation of the Lease: until when Berth drains, RFC 3339. It ends by itself, so that an uninstall that was broken off is undone. */
export const drainingUntilAnnotation = 'berth.dev/draining-until';
/** How often the Lease is read for it, in milliseconds. */
const lookMs = 2_000;

/** Reads until when Berth drains, in milliseconds since the epoch; 0 when it does not. */
async function readDrainingUntilMs(client: KubernetesClient, at: string, signal: AbortSignal): Promise<number> {
  try {
    const lease = await client.request<{ metadata: { annotations?: Record<string, string> } }>({
      method: 'GET',
      path: at,
      signal,
    });
    return Date.parse(lease.metadata.annotations?.[drainingUntilAnnotation] ?? '') || 0;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}

/**
 * Follows whether Berth is being uninstalled, which a person or the uninstall's Job says by an annotation of the Lease.
 * @param onChange called when it begins or ends: every session must then be looked at
 */
export function followDraining(dependencies: {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly leaseName: string;
  readonly onChange: () => void;
  readonly log: Log;
}) {
  const { client, namespace, leaseName, onChange, log } = dependencies;
  const at = path.lease(namespace, leaseName);
  const stopped = new AbortController();
  let untilMs = 0;
  let was = false;
  const isDraining = () => client.nowMs() < untilMs;

  async function look(): Promise<void> {
    try {
      untilMs = await readDrainingUntilMs(client, at, stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted) log.warn('Lease not read for a drain; the last word stands', { error });
    }
    if (isDraining() === was || stopped.signal.aborted) return;
    was = !was;
    log.info(was ? 'Draining: every run is ended and nothing is started' : 'Drain over', {});
    onChange();
  }

  const timer = setInterval(() => void look(), lookMs);
  return {
    isDraining,
    stop() {
      clearInterval(timer);
      stopped.abort();
    },
  };
}
