import { unreadMessages } from '@berth/session-pod/engine/web-missed-messages.ts';
import type { WebPage } from '@berth/session-pod/engine/web-page.ts';
import { createLog } from '@berth/session-pod/publish/log.ts';
import { expect, test } from 'vitest';

type Read = () => Promise<readonly { readonly timestamp: number }[]>;

/** A page with these chats, each with one unread message or more; undefined: the page does not find it again. */
function aPage(chats: Readonly<Record<string, Read | undefined>>) {
  const read: string[] = [];
  const client = {
    pupPage: { evaluate: async () => Object.keys(chats).map((id) => [id, 2]) },
    async getChatById(id: string) {
      read.push(id);
      const fetchMessages = chats[id];
      return fetchMessages && { fetchMessages };
    },
  };
  return { page: { client } as unknown as Pick<WebPage, 'client'>, read };
}

function aLog() {
  const lines: string[] = [];
  return { lines, log: createLog('info', {}, { write: (line) => void lines.push(line) }) };
}

test('unreadMessages() passes over a chat that cannot be read, and names it by no number', async () => {
  const { log, lines } = aLog();
  const { page } = aPage({
    '5511999990001@c.us': async () => [{ timestamp: 2 }, { timestamp: 1 }],
    '120363000000000001@g.us': () => Promise.reject(new Error('No metadata of 120363000000000001@g.us')),
    '5511999990002@c.us': undefined,
    '5511999990003@c.us': async () => [{ timestamp: 3 }],
  });
  const found: unknown[] = [];
  for await (const messages of unreadMessages(page, log)) found.push(messages);
  expect(found).toEqual([[{ timestamp: 1 }, { timestamp: 2 }], [], [], [{ timestamp: 3 }]]);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ chat: 2, because: 'No metadata of #@g.us' });
});

test('unreadMessages() reads a chat only when the one before it was taken', async () => {
  const { page, read } = aPage({ 'a@c.us': async () => [{ timestamp: 1 }], 'b@c.us': async () => [{ timestamp: 2 }] });
  for await (const messages of unreadMessages(page, aLog().log)) {
    expect(messages).toHaveLength(1);
    break;
  }
  expect(read).toEqual(['a@c.us']);
});
