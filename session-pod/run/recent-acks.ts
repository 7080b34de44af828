import type { AckLevel, MessageAck } from '../engine/engine.ts';

export interface RecentAck extends MessageAck {
  /** Grows by one with each thing that is learnt in the run, from 1. */
  readonly sequence: number;
}

export interface RecentAcks {
  /** What is not better than what is known of the message changes nothing. */
  readonly add: (ack: MessageAck) => void;
  /** What was learnt after the given sequence, oldest first; of each message the best. */
  readonly since: (sequence: number) => readonly RecentAck[];
}

const ascending: readonly AckLevel[] = ['failed', 'sent', 'delivered', 'read', 'played'];

/** Keeps what became of the last messages in memory only, for `GET /v1/acks`; temporary, until acks are delivered to webhooks. */
export function createRecentAcks(capacity = 200): RecentAcks {
  const kept = new Map<string, RecentAck>(); // The one that changed last is the last.
  let sequence = 0;
  return {
    add({ id, level }) {
      const known = kept.get(id);
      if (known && ascending.indexOf(level) <= ascending.indexOf(known.level)) return;
      sequence += 1;
      kept.delete(id);
      kept.set(id, { id, level, sequence });
      const [oldest] = kept.keys();
      if (kept.size > capacity && oldest !== undefined) kept.delete(oldest);
    },
    since: (after) => [...kept.values()].filter((each) => each.sequence > after),
  };
}
