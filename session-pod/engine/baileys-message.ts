import type { WAMessage } from '@whiskeysockets/baileys';
import { normalizeMessageContent } from '@whiskeysockets/baileys';
import type { StoredFile } from './baileys-media.ts';
import { type InboundMedia, type InboundMessage, maxToldLength } from './engine.ts';

/** The names of files in a message, and what their keys are derived by. */
const fileKinds = [
  ['imageMessage', 'image'],
  ['videoMessage', 'video'],
  ['ptvMessage', 'ptv'],
  ['audioMessage', 'audio'],
  ['documentMessage', 'document'],
  ['stickerMessage', 'sticker'],
] as const;

/**
 * Reads a text or file that somebody else sent; undefined for own messages, and for what carries neither.
 * @param load gets a file when somebody wants it
 */
export function readMessage(
  { key, message, messageTimestamp }: WAMessage,
  load: (file: StoredFile) => Promise<Uint8Array>,
): InboundMessage | undefined {
  const content = normalizeMessageContent(message) ?? {};
  const file = fileOf(content, load);
  const text = file?.caption ?? content.conversation ?? content.extendedTextMessage?.text ?? '';
  if (key.fromMe === true || !key.id || !key.remoteJid || (text === '' && !file)) return undefined;
  const chat = byPhoneNumber(key.remoteJid, key.remoteJidAlt);
  return {
    id: key.id,
    chat,
    from: key.participant ? byPhoneNumber(key.participant, key.participantAlt) : chat,
    text,
    ...(file ? { media: file.media } : {}),
    sentAtMs: Number(messageTimestamp ?? 0) * 1_000,
  };
}

/** Copies what is needed: the message around it, with its thumbnail and what it quotes, is not kept. */
function fileOf(
  content: NonNullable<WAMessage['message']>,
  load: (file: StoredFile) => Promise<Uint8Array>,
): { readonly media: InboundMedia; readonly caption: string } | undefined {
  for (const [name, type] of fileKinds) {
    const told = content[name];
    if (!told) continue;
    const { mediaKey, directPath, fileSha256, fileLength, mimetype } = told;
    if (!mediaKey || !directPath || !fileSha256) return undefined; // To be seen once, and on the phone.
    const sizeBytes = fileLength === null || fileLength === undefined ? {} : { sizeBytes: Number(fileLength) };
    const file: StoredFile = { type, mediaKey, directPath, sha256: fileSha256, ...sizeBytes };
    const fileName = 'fileName' in told ? told.fileName?.slice(0, maxToldLength) : undefined;
    return {
      caption: ('caption' in told && told.caption) || '',
      media: {
        mimetype: (mimetype || 'application/octet-stream').slice(0, maxToldLength),
        ...(fileName ? { fileName } : {}),
        ...sizeBytes,
        read: () => load(file),
      },
    };
  }
  return undefined;
}

/** WhatsApp addresses people by phone number or by a hidden id ("lid"): people know the former. */
function byPhoneNumber(address: string, alternative: string | undefined): string {
  return address.endsWith('@lid') && alternative ? alternative : address;
}
