import { podApiPaths } from '@berth/protocol';
import type { RecentMessage } from '../../run/recent-messages.ts';
import type { Route } from '../route.ts';
import { readSince } from '../since.ts';

export interface RecentMessagesDependencies {
  /** The messages with a sequence above `since`, oldest first. */
  readonly since: (sequence: number) => readonly RecentMessage[];
}

/**
 * The last messages that arrived in this run, `?since=<sequence>` for those after one. A temporary stand-in, from memory
 * and lost with the process, until messages are delivered to webhooks.
 */
export const recentMessagesRoute = ({ since }: RecentMessagesDependencies): Route => ({
  method: 'GET',
  path: podApiPaths.messages,
  access: 'operator',
  answer({ query }) {
    const read = readSince(query, 'messages');
    if ('refusal' in read) return read.refusal;
    return { status: 200, body: { messages: since(read.since).map(told) } };
  },
});

function told({ media, ...message }: RecentMessage) {
  if (!media) return message;
  const { mimetype, fileName, sizeBytes } = media;
  return { ...message, media: { mimetype, fileName, sizeBytes } };
}
