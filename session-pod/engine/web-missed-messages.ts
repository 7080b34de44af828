import type { Message } from 'whatsapp-web.js';
import type { WebPage } from './web-page.ts';

/** Chats that are looked through, and messages of each. */
const maxChats = 100;
const maxMessages = 100;

/** Runs in the page: the chats with something unread, the last ones first, without what `getChats()` asks of each. */
const unreadChats = `window.require('WAWebCollections').Chat.getModelsArray()
  .filter((chat) => chat.unreadCount > 0)
  .sort((one, other) => (other.t ?? 0) - (one.t ?? 0))
  .slice(0, ${maxChats})
  .map((chat) => [chat.id._serialized, chat.unreadCount])`;

/**
 * What arrived while no page was ready: it comes before whatsapp-web.js listens, and is told by no event. It is found as
 * long as nobody has read it on the phone.
 * @returns the last unread messages, oldest first; those that were passed on are among them
 */
export async function unreadMessages({ client }: WebPage): Promise<Message[]> {
  const chats = (await client.pupPage?.evaluate(unreadChats)) as readonly (readonly [string, number])[] | undefined;
  const found: Message[] = [];
  for (const [id, count] of chats ?? []) {
    const chat = await client.getChatById(id);
    found.push(...(await chat.fetchMessages({ limit: Math.min(count, maxMessages), fromMe: false })));
  }
  return found.sort((one, other) => one.timestamp - other.timestamp);
}
