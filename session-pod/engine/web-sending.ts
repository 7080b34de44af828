import type { Client, Message, MessageContent, MessageSendOptions } from 'whatsapp-web.js';
import whatsAppWeb from 'whatsapp-web.js';
import type { MediaFile } from './engine.ts';
import { RecipientUnknownError } from './recipient-unknown-error.ts';
import { toWebAddress } from './web-message.ts';

/** What whatsapp-web.js is given to send, and how. */
export interface WebContent {
  readonly content: MessageContent;
  readonly options: MessageSendOptions;
}

/**
 * A file to send. A sound has no caption in WhatsApp, so one with a caption is a document, as Baileys has it; and a file without a
 * name would be called "undefined".
 */
export function mediaContent({ mimetype, data, fileName = 'file' }: MediaFile, caption: string): WebContent {
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  return {
    content: new whatsAppWeb.MessageMedia(mimetype, content, fileName),
    options: { caption, ...(mimetype.startsWith('audio/') && caption !== '' ? { sendMediaAsDocument: true } : {}) },
  };
}

/** What WhatsApp's page throws as it looks for the chat, before anything is sent (reported of whatsapp-web.js 1.34). */
const noAddress = /No LID for user/;

/**
 * Hands a message to the page and gives its id.
 * @throws {RecipientUnknownError} the page finds no chat for the recipient, and makes none
 */
export async function sendByPage(
  client: Pick<Client, 'sendMessage'>,
  to: string,
  { content, options }: WebContent,
): Promise<string> {
  // As Baileys does it: nothing is marked as read, and a text is sent as it stands.
  const quiet = { sendSeen: false, linkPreview: false, parseVCards: false, ...options };
  const sent = await client.sendMessage(toWebAddress(to), content, quiet).catch((error: unknown) => {
    if (noAddress.test(String(error))) throw new RecipientUnknownError({ cause: error });
    throw error;
  });
  // It is undefined, whatever its type says, where the page gives no chat.
  if (!(sent as Message | undefined)) throw new RecipientUnknownError();
  return sent.id.id;
}
