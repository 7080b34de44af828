import type { Log } from '../kubernetes/log.ts';
import { fullJitter } from '../kubernetes/retry.ts';
import { settles } from '../kubernetes/settles.ts';
import type { SessionEndSpec, Sink } from '../resource/session-end.ts';
import { createWorkQueue } from '../watch/work-queue.ts';
import type { DeliverToSink } from './deliver-to-sink.ts';

/** Ends held at once, of at most 20 KiB each; one beyond is offered again when its record is refused once more. */
const endsAtMost = 1_000;
const workers = 16;
const defaultBackoff = { baseMs: 1_000, maxMs: 600_000 };
/** From the moment that an end is taken in until it is given up, in milliseconds. */
const giveUpAfterMs = 24 * 3_600_000;

/** Delivers what cannot be recorded, for as long as this process leads. */
export interface MemoryOutbox {
  /** Begins to deliver an end, unless it has. Without effect where this replica does not lead. */
  take(spec: SessionEndSpec): void;
  /** It is recorded after all: the outbox in the API delivers it. */
  forget(runUid: string): void;
  /** Works until `signal` aborts; what is left is then another leader's to find. */
  lead(signal: AbortSignal): Promise<void>;
  /** Ends for good: waits for what is in hand for at most `withinMs`, and tells which ends go with this process. */
  finish(withinMs: number): Promise<void>;
}

interface HeldEnd {
  readonly spec: SessionEndSpec;
  readonly sinceMs: number;
  open: readonly Sink[];
  attempts: number;
}

/** The same posts, by the same id and signature, as from the outbox in the API: a receiver drops the repeats. */
export function createMemoryOutbox(options: {
  readonly send: DeliverToSink;
  readonly nowMs: () => number;
  readonly log: Log;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly random?: () => number;
}): MemoryOutbox {
  const { send, nowMs, log, random = Math.random } = options;
  const { baseMs, maxMs } = options.backoff ?? defaultBackoff;
  const backoff = (attempts: number) => baseMs / 2 + fullJitter(attempts, baseMs / 2, maxMs / 2, random);
  const queue = createWorkQueue({ backoff });
  const ends = new Map<string, HeldEnd>();
  /** Those whose sinks all have it: the record is offered again until it is made or the run let go. */
  const told = new Set<string>();
  let leading = false;
  let working: Promise<unknown> = Promise.resolve();

  function take(spec: SessionEndSpec): void {
    const { uid } = spec.run;
    const open = [...new Map((spec.sinks ?? []).map((sink) => [sink.url, sink])).values()];
    if (!leading || open.length === 0 || ends.has(uid) || told.has(uid) || ends.size >= endsAtMost) return;
    ends.set(uid, { spec, sinceMs: nowMs(), open, attempts: 0 });
    queue.add(uid, 'deletion');
  }

  function settle(uid: string): void {
    ends.delete(uid);
    told.add(uid);
    if (told.size > endsAtMost) told.delete(told.values().next().value ?? '');
  }

  /** Gives whether there is more to do. */
  async function attempt(uid: string, end: HeldEnd, signal: AbortSignal): Promise<boolean> {
    const taken = await Promise.all(end.open.map((sink) => isTaken(end.spec, sink, signal)));
    end.open = end.open.filter((_, index) => !taken[index]);
    end.attempts++;
    const fields = { run: uid, left: end.open.length, attempts: end.attempts };
    if (end.open.length === 0) {
      log.info('Session end delivered from memory', fields);
      settle(uid);
    } else if (nowMs() - end.sinceMs >= giveUpAfterMs) {
      log.error('Session end in memory given up', fields);
      settle(uid);
    }
    return ends.has(uid);
  }

  async function isTaken(spec: SessionEndSpec, sink: Sink, signal: AbortSignal): Promise<boolean> {
    try {
      await send({ spec }, sink, signal);
      return true;
    } catch (error) {
      log.warn('Session end not delivered from memory; it is tried again', { run: spec.run.uid, error });
      return false;
    }
  }

  async function work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const item = await queue.take({ lane: 'any', signal });
      if (item === undefined) return;
      const end = ends.get(item.key);
      if (end !== undefined && (await attempt(item.key, end, signal))) queue.retry(item.key, 'resync');
      else queue.forget(item.key);
      queue.done(item.key);
    }
  }

  return {
    take,
    forget(runUid) {
      ends.delete(runUid);
      told.delete(runUid);
    },
    async lead(signal) {
      leading = true;
      try {
        working = Promise.all(Array.from({ length: workers }, () => work(signal)));
        await working;
      } finally {
        leading = false;
        ends.clear();
        told.clear();
      }
    },
    async finish(withinMs) {
      const held = new Map(ends);
      queue.close();
      await settles(working, withinMs);
      const left = [...held.values()].flatMap(({ spec, open }) => (open.length > 0 ? [spec.run.uid] : []));
      if (left.length > 0)
        log.error('Ends that are recorded nowhere go with this process', {
          runs: left.slice(0, 20),
          count: left.length,
        });
    },
  };
}
