import type { Client, MessageContent, MessageSendOptions } from 'whatsapp-web.js';
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
  // Undefined, whatever its type says.
  const sent = (await client.sendMessage(toWebAddress(to), content, quiet)) as
    | { readonly id: { readonly id: string } }
    | undefined;
  if (!sent) throw new RecipientUnknownError();
  return sent.id.id;
}
