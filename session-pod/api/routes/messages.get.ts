import { podApiPaths } from '@berth/protocol';
import type { RecentMessage } from '../../run/recent-messages.ts';
import { problem } from '../problem.ts';
import type { Route } from '../route.ts';

export interface RecentMessagesDependencies {
  /** The messages with a sequence above `since`, oldest first. */
  readonly since: (sequence: number) => readonly RecentMessage[];
}

/**
 * The last texts that arrived in this run, `?since=<sequence>` for those after one. A temporary stand-in, from memory
 * and lost with the process, until messages are delivered to webhooks.
 */
export const recentMessagesRoute = ({ since }: RecentMessagesDependencies): Route => ({
  method: 'GET',
  path: podApiPaths.messages,
  access: 'operator',
  answer({ query }) {
    const sequence = Number(query.get('since') ?? 0);
    if (!Number.isInteger(sequence) || sequence < 0) {
      const detail = 'Cannot list messages: "since" is not a whole number of 0 or more; use a "sequence" seen before';
      return problem(400, 'BAD_SINCE', 'Bad since', detail);
    }
    return { status: 200, body: { messages: since(sequence) } };
  },
});
