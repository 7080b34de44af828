import { createDelayedKeys, type QueueClock, realClock } from './delayed-keys.ts';
import { isUrgent, moreUrgent, type Priority, priorities } from './priority.ts';
import { noWorkQueueMetrics, type WorkQueueMetrics } from './work-queue-metrics.ts';

/** `urgent` takes only force-kills and deletions: workers reserved for it are free when all others wait for slow things. */
export type Lane = 'any' | 'urgent';

export interface WorkItem<K extends string> {
  readonly key: K;
  readonly priority: Priority;
}

/**
 * Keys waiting to be worked: each at most once, the most urgent first, first in first out among equals.
 * A key that was taken is not given out again before `done`; if it is added meanwhile, it waits and comes after that.
 */
export interface WorkQueue<K extends string> {
  /** Adds a key, or raises the priority of one that waits already. */
  add(key: K, priority: Priority): void;
  /** Adds a key in `delayMs` milliseconds. Of several for one key only the earliest stays, with the highest priority of all. */
  addAfter(key: K, delayMs: number, priority?: Priority): void;
  /** Adds a key after its next backoff, by default with the priority it was taken with. Returns the milliseconds. */
  retry(key: K, priority?: Priority): number;
  /** Starts the key's backoff anew: its work succeeded. */
  forget(key: K): void;
  /** Waits for the next key. Undefined when `signal` is aborted or the queue is closed. */
  take(request: { readonly lane: Lane; readonly signal?: AbortSignal }): Promise<WorkItem<K> | undefined>;
  /** Must follow each take. */
  done(key: K): void;
  /** Keys that wait, without those in work or delayed. */
  readonly depth: number;
  /** Seconds that the keys in work have been so, added up, for `workqueue_unfinished_work_seconds`. */
  unfinishedSeconds(): number;
  /** Seconds of the longest, for `workqueue_longest_running_processor_seconds`. */
  longestRunningSeconds(): number;
  /** Ends all takes and timers. Adds have no effect any more. */
  close(): void;
}

export interface WorkQueueOptions {
  /** Milliseconds before repetition number `attempt` (from 0) of a key. */
  readonly backoff: (attempt: number) => number;
  readonly clock?: QueueClock;
  readonly metrics?: WorkQueueMetrics;
}

interface InWork {
  readonly priority: Priority;
  readonly sinceMs: number;
  /** Set when the key was added meanwhile. */
  again?: Priority;
}

interface Waiter<K extends string> {
  readonly lane: Lane;
  readonly give: (item: WorkItem<K> | undefined) => void;
}

/** Creates an empty queue. It is bounded by the number of distinct keys. */
export function createWorkQueue<K extends string = string>(options: WorkQueueOptions): WorkQueue<K> {
  const { backoff, clock = realClock, metrics = noWorkQueueMetrics } = options;
  /** Per priority: waiting keys in order, with the time they came. */
  const waiting = new Map(priorities.map((priority) => [priority, new Map<K, number>()]));
  const priorityOf = new Map<K, Priority>();
  const inWork = new Map<K, InWork>();
  const attempts = new Map<K, number>();
  const waiters = new Set<Waiter<K>>();
  const delayed = createDelayedKeys<K>(clock, add);
  let closed = false;

  function add(key: K, priority: Priority) {
    if (closed) return;
    metrics.added();
    const work = inWork.get(key);
    if (work !== undefined) {
      work.again = moreUrgent(work.again ?? priority, priority);
      return;
    }
    const before = priorityOf.get(key);
    if (before !== undefined && moreUrgent(before, priority) === before) return;
    const sinceMs = before === undefined ? undefined : waiting.get(before)?.get(key);
    if (before !== undefined) waiting.get(before)?.delete(key);
    waiting.get(priority)?.set(key, sinceMs ?? clock.nowMs());
    priorityOf.set(key, priority);
    metrics.depth(priorityOf.size);
    serve();
  }

  /** Gives waiting keys to waiting workers. A reserved worker goes first, so that it keeps the others free. */
  function serve() {
    for (const lane of ['urgent', 'any'] as const) {
      for (const waiter of waiters) {
        if (waiter.lane !== lane) continue;
        const item = next(lane);
        if (item === undefined) break;
        waiters.delete(waiter);
        waiter.give(item);
      }
    }
  }

  /** Takes the next key off the queue and into work. */
  function next(lane: Lane): WorkItem<K> | undefined {
    for (const priority of priorities) {
      if (lane === 'urgent' && !isUrgent(priority)) return undefined;
      for (const [key, sinceMs] of waiting.get(priority) ?? []) {
        waiting.get(priority)?.delete(key);
        priorityOf.delete(key);
        inWork.set(key, { priority, sinceMs: clock.nowMs() });
        metrics.depth(priorityOf.size);
        metrics.waited((clock.nowMs() - sinceMs) / 1000);
        return { key, priority };
      }
    }
    return undefined;
  }

  function take({ lane, signal }: { lane: Lane; signal?: AbortSignal }): Promise<WorkItem<K> | undefined> {
    if (closed || signal?.aborted) return Promise.resolve(undefined);
    const item = next(lane);
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => {
      const onAbort = () => {
        waiters.delete(waiter);
        resolve(undefined);
      };
      const give = (given: WorkItem<K> | undefined) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(given);
      };
      const waiter = { lane, give };
      waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  function done(key: K) {
    const work = inWork.get(key);
    if (work === undefined) return;
    inWork.delete(key);
    metrics.worked((clock.nowMs() - work.sinceMs) / 1000);
    if (work.again !== undefined) add(key, work.again);
  }

  const runningSeconds = () => [...inWork.values()].map(({ sinceMs }) => (clock.nowMs() - sinceMs) / 1000);

  return {
    add,
    addAfter(key, delayMs, priority = 'resync') {
      if (!closed) delayed.put(key, delayMs, priority);
    },
    retry(key, priority = inWork.get(key)?.priority ?? 'resync') {
      const attempt = attempts.get(key) ?? 0;
      attempts.set(key, attempt + 1);
      metrics.retried();
      const delayMs = backoff(attempt);
      if (!closed) delayed.put(key, delayMs, priority);
      return delayMs;
    },
    forget: (key) => void attempts.delete(key),
    take,
    done,
    get depth() {
      return priorityOf.size;
    },
    unfinishedSeconds: () => runningSeconds().reduce((sum, seconds) => sum + seconds, 0),
    longestRunningSeconds: () => Math.max(0, ...runningSeconds()),
    close() {
      closed = true;
      delayed.clear();
      for (const waiter of waiters) waiter.give(undefined);
      waiters.clear();
    },
  };
}
