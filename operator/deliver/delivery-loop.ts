import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Log } from '../kubernetes/log.ts';
import { fullJitter } from '../kubernetes/retry.ts';
import { settles } from '../kubernetes/settles.ts';
import { namespaceAndName, type SessionKey } from '../resource/names.ts';
import type { SessionEnd } from '../resource/session-end.ts';
import type { Cached, SlimCache } from '../watch/slim-cache.ts';
import { createWorkQueue, type Lane } from '../watch/work-queue.ts';
import { type AdvanceHooks, createAdvance } from './advance-record.ts';
import type { DeliverToSink } from './deliver-to-sink.ts';
import type { DeliveryTimes } from './delivery-step.ts';
import { createRecords } from './records.ts';

/** What the loop reads of a cached SessionEnd; the whole of it is read when something is to be done. */
export interface CachedEnd extends Cached {
  readonly createdAtMs: number;
  /** Nothing is left to deliver. */
  readonly settled: boolean;
  /** Whether our finalizer is still on it. Without this, a settled record with one waits for its retention. */
  readonly hasFinalizer?: boolean;
  /** Somebody asked for another try of what was given up. */
  readonly replayRequested?: boolean;
}

export interface DeliveryLoopOptions {
  readonly ends: Pick<SlimCache<CachedEnd>, 'get' | 'values' | 'absorb' | 'absorbGone' | 'onChange'>;
  readonly client: KubernetesClient;
  readonly send: DeliverToSink;
  readonly operatorNamespace: string;
  readonly log: Log;
  readonly hooks?: AdvanceHooks;
  readonly times?: DeliveryTimes;
  /** Bounds of the backoff between attempts, in milliseconds. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly random?: () => number;
}

const hourMs = 3_600_000;
export const defaultTimes: DeliveryTimes = {
  giveUpAfterMs: 24 * hourMs,
  keepDeliveredMs: 24 * hourMs,
  keepGivenUpMs: 7 * 24 * hourMs,
};
const defaultBackoff = { baseMs: 1_000, maxMs: 600_000 };
/** Workers for everything, and workers that take first attempts only: sinks that hang must not keep a new end waiting. */
const workers: Readonly<Record<Lane, number>> = { any: 64, urgent: 128 };
/** Between repetitions after an error of the API server, in milliseconds. */
const failureBackoff = { baseMs: 500, maxMs: 60_000 };
/** Bound of all that is done for one record at a time, in milliseconds: an attempt is bounded by itself. */
const workTimeoutMs = 60_000;
/** For writing down what the sinks answered that did not hang, in milliseconds. */
const lastWriteMs = 500;
/** Names in one line of the log. */
const toldAtMost = 20;

/** Delivers SessionEnds to their sinks, over a queue of its own: a slow sink slows no session. */
export interface DeliveryLoop {
  /** Works until the lease is lost or the operator stops, and waits for what is in hand, which is cut. */
  lead(signal: AbortSignal): Promise<void>;
  /**
   * Ends for good: takes up nothing more, waits for what is in hand, and cuts and tells what hangs longer than `withinMs`.
   * The Lease must still be held: what came of the others is written down.
   */
  finish(withinMs: number): Promise<void>;
}

/** Creates the loop; it must be made before the cache is filled. Only the leader's works. */
export function createDeliveryLoop(options: DeliveryLoopOptions): DeliveryLoop {
  const { ends, client, log, random = Math.random } = options;
  const queue = createWorkQueue<SessionKey>({
    backoff: (attempt) => fullJitter(attempt, failureBackoff.baseMs, failureBackoff.maxMs, random),
  });
  const { baseMs, maxMs } = options.backoff ?? defaultBackoff;
  const times = options.times ?? defaultTimes;
  const cut = new AbortController();
  const advance = createAdvance({
    ...options,
    cut: cut.signal,
    times,
    records: createRecords(client),
    nowMs: () => client.nowMs(),
    // Half of it is certain: with full jitter a sink could be asked ten times in its first second.
    retryInMs: (attempts) => baseMs / 2 + fullJitter(attempts, baseMs / 2, maxMs / 2, random),
    keep,
  });
  let leading = false;
  let keeping = false;
  let working: Promise<unknown> = Promise.resolve();
  const inHand = new Set<SessionKey>();

  /** Takes in the answer of an own write, which is no news to this loop. */
  function keep(key: SessionKey, end: SessionEnd | undefined, uid: string) {
    keeping = true;
    try {
      if (end === undefined) ends.absorbGone(key, uid);
      else ends.absorb(end);
    } finally {
      keeping = false;
    }
  }

  /** A record that is settled waits for its retention, and the cache tells when that begins at the earliest. */
  function schedule(
    key: SessionKey,
    { settled, createdAtMs, hasFinalizer = false, replayRequested = false }: CachedEnd,
  ) {
    if (!settled || hasFinalizer || replayRequested) queue.add(key, 'resync');
    else queue.addAfter(key, createdAtMs + times.keepDeliveredMs - client.nowMs());
  }

  ends.onChange((key, now, before) => {
    if (!leading || keeping || now === undefined) return;
    if (before !== undefined)
      queue.add(key, 'resync'); // Somebody changed or deleted it.
    else if (now.settled) schedule(key, now);
    else queue.add(key, 'deletion'); // Urgent: the pod of that run waits for at most 2 s.
  });

  async function work(lane: Lane, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const item = await queue.take({ lane, signal });
      if (item === undefined) return;
      const { key } = item;
      inHand.add(key);
      try {
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(workTimeoutMs)]);
        const { namespace, name } = namespaceAndName(key);
        const againInMs = await advance(namespace, name, bounded);
        queue.forget(key);
        if (againInMs !== undefined) queue.addAfter(key, againInMs);
      } catch (error) {
        if (signal.aborted || cut.signal.aborted) return; // The next leader looks at every record.
        queue.retry(key, 'resync');
        log.error('Delivery of a session end failed; it is tried again', { sessionEnd: key, error });
      } finally {
        inHand.delete(key);
        queue.done(key);
      }
    }
  }

  return {
    async lead(signal) {
      leading = true;
      try {
        for (const end of ends.values()) schedule(`${end.namespace}/${end.name}`, end);
        const lanes = (['any', 'urgent'] as const).flatMap((lane) => Array<Lane>(workers[lane]).fill(lane));
        working = Promise.all(lanes.map((lane) => work(lane, signal)));
        await working;
      } finally {
        leading = false;
      }
    },
    async finish(withinMs) {
      queue.close();
      if (await settles(working, withinMs)) return;
      const hung = [...inHand].slice(0, toldAtMost);
      log.warn('Deliveries hang and are cut; the next leader makes them', { sessionEnds: hung, count: inHand.size });
      cut.abort(new DOMException('the operator stops', 'AbortError'));
      await settles(working, lastWriteMs);
    },
  };
}
