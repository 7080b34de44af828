import { startDeadline } from '../kubernetes/deadline.ts';
import type { Log } from '../kubernetes/log.ts';
import type { Metrics } from '../publish/metrics.ts';
import type { SessionKey } from '../resource/names.ts';
import type { WorkQueue } from '../watch/work-queue.ts';
import type { Reconcile } from './reconcile.ts';

/** Workers for everything, and workers kept free for kills and deletions: a flood of starts must not delay a kill. */
const workers = { any: 8, urgent: 2 } as const;
/** A reconcile that takes longer is cut; the queue brings its key back. */
const reconcileTimeoutMs = 30_000;

export interface WorkersDependencies {
  readonly queue: WorkQueue<SessionKey>;
  readonly reconcile: Reconcile;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Works the queue until `signal` aborts, then waits for what is in hand. */
export async function runWorkers(dependencies: WorkersDependencies, signal: AbortSignal): Promise<void> {
  const lanes = [...Array<'any'>(workers.any).fill('any'), ...Array<'urgent'>(workers.urgent).fill('urgent')];
  await Promise.all(lanes.map((lane) => work(lane, dependencies, signal)));
}

async function work(
  lane: 'any' | 'urgent',
  { queue, reconcile, metrics, log }: WorkersDependencies,
  signal: AbortSignal,
) {
  const controller = 'whatsappsession';
  while (!signal.aborted) {
    const item = await queue.take({ lane, signal });
    if (item === undefined) return;
    const { key, priority } = item;
    const startedMs = performance.now();
    const deadline = startDeadline(reconcileTimeoutMs, signal);
    try {
      const { requeueAfterMs, conflict } = await reconcile(key, deadline.signal);
      // The newer state is on its way over the watch; one that does not come must not be asked for in a hot loop.
      if (conflict) queue.retry(key, priority);
      else queue.forget(key);
      // As urgent as it was: the next step of a kill must not wait behind a resync of everything.
      if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs, priority);
      metrics.reconciles.inc({ controller, result: requeueAfterMs === undefined ? 'success' : 'requeue_after' });
    } catch (error) {
      if (signal.aborted) return; // The lease or the process is going: the next leader looks at every key.
      queue.retry(key);
      metrics.reconciles.inc({ controller, result: 'error' });
      metrics.reconcileErrors.inc({ controller });
      log.error('Reconcile failed; it is tried again', { session: key, error });
    } finally {
      deadline.end();
      queue.done(key);
      metrics.reconcileSeconds.observe({ controller }, (performance.now() - startedMs) / 1000);
    }
  }
}
