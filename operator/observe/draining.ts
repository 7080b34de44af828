import type { KubernetesClient } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { path } from '../resource/names.ts';

/** Annotation of the Lease: when a drain was last asked for, RFC 3339. The uninstall's Job writes it anew each second. */
export const drainAskedAtAnnotation = 'berth.dev/drain-asked-at';
/**
 * Milliseconds that one asking holds: past the Job's end, until the operator itself is taken away. It ends by itself, so
 * that an uninstall that was broken off is undone.
 */
const holdMs = 60_000;
/** How often the Lease is read for it, in milliseconds. */
const lookMs = 2_000;

/** Reads when a drain was last asked for, in milliseconds since the epoch; 0 when it never was. */
async function readAskedAtMs(client: KubernetesClient, at: string, signal: AbortSignal): Promise<number> {
  try {
    const lease = await client.request<{ metadata: { annotations?: Record<string, string> } }>({
      method: 'GET',
      path: at,
      signal,
    });
    return Date.parse(lease.metadata.annotations?.[drainAskedAtAnnotation] ?? '') || 0;
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
  // The Lease outlives an uninstall: what was asked for before this process began was meant for the one before.
  const startedAtMs = client.nowMs();
  let askedAtMs = 0;
  let was = false;
  const isDraining = () => askedAtMs > startedAtMs && client.nowMs() < askedAtMs + holdMs;

  let looking = false;
  async function look(): Promise<void> {
    if (looking) return; // The one before still waits for its answer.
    looking = true;
    try {
      askedAtMs = await readAskedAtMs(client, at, stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted) log.warn('Lease not read for a drain; the last word stands', { error });
    } finally {
      looking = false;
    }
    if (isDraining() === was || stopped.signal.aborted) return;
    was = !was;
    log.info(was ? 'Draining: every run is ended and nothing is started' : 'Drain over', {});
    onChange();
  }

  void look();
  const timer = setInterval(() => void look(), lookMs);
  return {
    isDraining,
    stop() {
      clearInterval(timer);
      stopped.abort();
    },
  };
}
