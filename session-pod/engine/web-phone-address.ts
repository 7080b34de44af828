import type { InboundMessage } from './engine.ts';
import { fromWebAddress } from './web-message.ts';
import type { WebPage } from './web-page.ts';
import { answerWithin } from './web-page-unresponsive-error.ts';

/** The page answers in a millisecond; behind one that does not, nothing may queue up. */
const answersWithinMs = 1_000;
const hiddenAddress = /^\d+@lid$/;

/**
 * Gives a message with the phone numbers of its chat and of who wrote it, where the page knows them: WhatsApp hides them behind
 * a "lid" more and more, and people know a number. Nothing is asked of WhatsApp.
 * @param page absent, or gone: the message stays as it is
 */
export async function withPhoneAddresses(
  message: InboundMessage,
  page: Pick<WebPage, 'client'> | undefined,
): Promise<InboundMessage> {
  const hidden = [...new Set([message.chat, message.from])].filter((address) => hiddenAddress.test(address));
  if (hidden.length === 0) return message;
  const phones = await phonesOf(hidden, page).catch(() => new Map<string, string>()); // The message is worth more than its address.
  return {
    ...message,
    chat: phones.get(message.chat) ?? message.chat,
    from: phones.get(message.from) ?? message.from,
  };
}

async function phonesOf(
  hidden: readonly string[],
  page: Pick<WebPage, 'client'> | undefined,
): Promise<ReadonlyMap<string, string>> {
  // Runs in the page, by the modules that whatsapp-web.js uses in getContactLidAndPhone(), which asks WhatsApp besides.
  const asked = page?.client.pupPage?.evaluate(`(() => {
    const { getPhoneNumber } = window.require('WAWebApiContact');
    const { createWid } = window.require('WAWebWidFactory');
    return ${JSON.stringify(hidden)}.map((address) => getPhoneNumber(createWid(address))?._serialized ?? null);
  })()`) as Promise<readonly (string | null)[]> | undefined;
  const known = asked && (await answerWithin(asked, answersWithinMs, 'ask for a phone number'));
  const found = hidden.map((address, index) => [address, known?.[index]] as const);
  return new Map(found.flatMap(([address, phone]) => (phone ? [[address, fromWebAddress(phone)] as const] : [])));
}
