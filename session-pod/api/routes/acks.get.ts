import { podApiPaths } from '@berth/protocol';
import type { RecentAck } from '../../run/recent-acks.ts';
import type { Route } from '../route.ts';
import { readSince } from '../since.ts';

export interface RecentAcksDependencies {
  /** What was learnt after `since`, oldest first. */
  readonly since: (sequence: number) => readonly RecentAck[];
}

/**
 * What became of the last messages that were sent, `?since=<sequence>` for what was learnt after that. A temporary stand-in,
 * from memory and lost with the process, until acks are delivered to webhooks.
 */
export const recentAcksRoute = ({ since }: RecentAcksDependencies): Route => ({
  method: 'GET',
  path: podApiPaths.acks,
  access: 'operator',
  answer({ query }) {
    const read = readSince(query, 'acks');
    return 'refusal' in read ? read.refusal : { status: 200, body: { acks: since(read.since) } };
  },
});
