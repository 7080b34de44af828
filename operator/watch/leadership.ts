import { randomUUID } from 'node:crypto';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { sleep } from '../kubernetes/retry.ts';
import { elapsedSince, type LeadershipClock, systemClock } from './leadership-clock.ts';
import { createLeaseRecord } from './lease-record.ts';

export interface LeadershipOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** For people, for instance the pod's name. A random part is added: two processes must never take each other for themselves. */
  readonly identity: string;
  /** Milliseconds that a Lease must be seen unchanged before another takes it; 6_000 unless told. */
  readonly leaseDurationMs?: number;
  /** Milliseconds after the start of its last good renewal when a leader stops acting; 4_000 unless told. */
  readonly renewDeadlineMs?: number;
  /** Milliseconds between two renewals or two looks at another's Lease; 1_000 unless told. */
  readonly retryPeriodMs?: number;
  /** Acts until `signal` is aborted. A new term begins only after the promise of the one before has settled. */
  readonly onStartedLeading: (signal: AbortSignal) => void | Promise<void>;
  readonly onStoppedLeading?: () => void;
  readonly log: Log;
  readonly clock?: LeadershipClock;
  readonly random?: () => number;
}

export interface Leadership {
  /**
   * Whether this process may act now. Ask before each write: after a pause of the process (SIGSTOP, a frozen machine)
   * this is false at once, while the signal's timer may not have fired yet.
   */
  isLeader(): boolean;
  /** Holder as written into the Lease. */
  readonly holder: string;
  /** Stops acting, waits for the work to settle, then gives the Lease away, so that the next takes over at once. */
  stop(): Promise<void>;
}

interface Term {
  readonly controller: AbortController;
  /** When the last good renewal was begun: what others see is at least as young. */
  renewedAt: ReturnType<LeadershipClock['read']>;
  work: Promise<void>;
}

/**
 * Competes for a Lease until it is stopped, as client-go's leaderelection does: another's Lease counts as expired only
 * when it was seen unchanged for its whole duration by this process' own monotonic clock, never by a comparison of
 * two machines' clocks; each write carries the resourceVersion that was judged.
 */
export function startLeadership(options: LeadershipOptions): Leadership {
  const { log, clock = systemClock, random = Math.random } = options;
  const { leaseDurationMs = 6_000, renewDeadlineMs = 4_000, retryPeriodMs = 1_000 } = options;
  const holder = `${options.identity}_${randomUUID()}`;
  const record = createLeaseRecord({ ...options, holder, leaseDurationMs, clock });
  const stopped = new AbortController();
  const whenStopped = new Promise((resolve) => {
    stopped.signal.addEventListener('abort', resolve, { once: true });
  });
  let term: Term | undefined;
  let expiry: NodeJS.Timeout | undefined;

  const remainingMs = () => (term === undefined ? 0 : renewDeadlineMs - elapsedSince(term.renewedAt, clock));
  const isLeader = () => term !== undefined && !term.controller.signal.aborted && remainingMs() > 0;

  function begin(renewedAt: Term['renewedAt']) {
    const controller = new AbortController();
    term = { controller, renewedAt, work: Promise.resolve() };
    watchExpiry();
    log.info('Leadership won', { lease: options.name, holder });
    // Begun after `term` is set: the work may ask isLeader() at once.
    term.work = runWork(controller.signal);
  }

  async function runWork(signal: AbortSignal): Promise<void> {
    try {
      await options.onStartedLeading(signal);
    } catch (error) {
      if (!signal.aborted) log.error('Leader failed', { lease: options.name, error });
      end('the work failed');
    }
  }

  /** Stops acting at the deadline, even when a renewal hangs. */
  function watchExpiry() {
    clearTimeout(expiry);
    expiry = setTimeout(() => end('not renewed in time'), Math.max(0, remainingMs()));
  }

  function end(why: string) {
    clearTimeout(expiry);
    if (term === undefined || term.controller.signal.aborted) return;
    log.info('Leadership ended', { lease: options.name, holder, why });
    term.controller.abort(new DOMException(`leadership ended: ${why}`, 'AbortError'));
    options.onStoppedLeading?.();
  }

  /** One look at the Lease, and a write if it is ours or free. */
  async function attempt(): Promise<void> {
    const startedAt = clock.read();
    // A leader's request must not outlast its term; one that hangs must leave time for another.
    const timeoutMs = isLeader() ? Math.max(1, Math.min(remainingMs(), renewDeadlineMs / 2)) : renewDeadlineMs;
    const outcome = await record.acquireOrRenew(timeoutMs, stopped.signal);
    if (outcome === 'held-by-another') {
      end('another holds the Lease');
      return;
    }
    if (isLeader() && term !== undefined) {
      term.renewedAt = startedAt;
      watchExpiry();
    } else if (term === undefined && elapsedSince(startedAt, clock) < renewDeadlineMs) {
      begin(startedAt);
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        if (term !== undefined && !isLeader()) await closeTerm();
        if (!stopped.signal.aborted) await attempt();
      } catch (error) {
        if (stopped.signal.aborted) return;
        log.warn('Lease not written', { lease: options.name, leader: isLeader(), error });
        // Deleted under us: another may create it any moment.
        if (isNotFound(error)) end('the Lease is gone');
      }
      await sleep(waitMs(), stopped.signal).catch(() => undefined); // Only the stop ends it early.
    }
  }

  /** A candidate looks at the very moment when the Lease may expire, else a failover would take a period longer. */
  function waitMs(): number {
    if (term !== undefined) return retryPeriodMs;
    const period = retryPeriodMs * (1 + random() / 5);
    const expiresInMs = record.expiresInMs();
    return expiresInMs > 0 ? Math.min(period, expiresInMs + random() * 100) : period;
  }

  /** Two terms of one process must not overlap either. */
  async function closeTerm(): Promise<void> {
    end('not renewed in time');
    await Promise.race([term?.work, whenStopped]);
    if (!stopped.signal.aborted) term = undefined;
  }

  /** Whoever still acts must keep the Lease from others until it expires by itself. */
  async function workSettles(): Promise<boolean> {
    if (term === undefined) return true;
    const patience = new AbortController();
    const tooLong = sleep(renewDeadlineMs, patience.signal).then(
      () => false,
      () => false,
    );
    return Promise.race([term.work.then(() => true), tooLong]).finally(() => patience.abort());
  }

  async function release(): Promise<void> {
    try {
      await record.release(renewDeadlineMs);
    } catch (error) {
      log.warn('Lease not given away', { lease: options.name, error });
    }
  }

  const running = run();
  return {
    isLeader,
    holder,
    async stop() {
      stopped.abort();
      end('stopped');
      await running;
      if (await workSettles()) await release();
      else log.warn('Lease kept until it expires', { lease: options.name, why: 'the work has not settled' });
    },
  };
}
