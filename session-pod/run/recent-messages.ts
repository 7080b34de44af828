import type { InboundMessage } from '../engine/engine.ts';

export interface RecentMessage extends InboundMessage {
  /** Grows by one with each message of the run, from 1. */
  readonly sequence: number;
}

export interface RecentMessages {
  readonly add: (message: InboundMessage) => void;
  /** The kept messages with a sequence above the given one, oldest first. */
  readonly since: (sequence: number) => readonly RecentMessage[];
  /** The message with this sequence, as long as it is kept. */
  readonly find: (sequence: number) => RecentMessage | undefined;
}

/**
 * Keeps the last messages in memory only, for `GET /v1/messages`; of files just where they are. Temporary, until messages are
 * delivered to webhooks.
 */
export function createRecentMessages(capacity = 50): RecentMessages {
  const kept: RecentMessage[] = [];
  let sequence = 0;
  return {
    add(message) {
      sequence += 1;
      kept.push({ ...message, sequence });
      if (kept.length > capacity) kept.shift();
    },
    since: (after) => kept.filter((each) => each.sequence > after),
    find: (wanted) => kept.find((each) => each.sequence === wanted),
  };
}
