import type { Message } from 'whatsapp-web.js';
import type { Log } from '../publish/log.ts';
import { toldError } from '../publish/masked-text.ts';
import type { WebPage } from './web-page.ts';

/** Chats that are looked through, and messages of each. */
export const maxUnreadChats = 100;
export const maxUnreadMessages = 100;

/** Runs in the page: the last chats with something unread, oldest first, without what `getChats()` asks of each. */
const unreadChats = `window.require('WAWebCollections').Chat.getModelsArray()
  .filter((chat) => chat.unreadCount > 0)
  .sort((one, other) => (one.t ?? 0) - (other.t ?? 0))
  .slice(-${maxUnreadChats})
  .map((chat) => [chat.id._serialized, chat.unreadCount])`;

/**
 * What arrived while no page was ready: it comes before whatsapp-web.js listens, and is told by no event. It is found as
 * long as nobody has read it on the phone. Chat by chat, so that one that cannot be read keeps back no other, and the messages
 * of one alone are in memory.
 * @returns of each chat the last unread messages, oldest first; those that were passed on are among them
 */
export async function* unreadMessages(
  { client }: Pick<WebPage, 'client'>,
  log: Log,
): AsyncGenerator<readonly Message[]> {
  const chats = (await client.pupPage?.evaluate(unreadChats)) as readonly (readonly [string, number])[] | undefined;
  for (const [index, [id, count]] of (chats ?? []).entries()) {
    try {
      const chat = (await client.getChatById(id)) as Awaited<ReturnType<typeof client.getChatById>> | undefined;
      const found = (await chat?.fetchMessages({ limit: Math.min(count, maxUnreadMessages), fromMe: false })) ?? [];
      yield found.toSorted((one, other) => one.timestamp - other.timestamp);
    } catch (error) {
      // Not by its id, which is somebody's number.
      log.warn({ chat: index + 1, because: toldError(error) }, 'Unread messages of a chat cannot be read');
      yield []; // Whoever listens may have lost interest: the page may be gone.
    }
  }
}
