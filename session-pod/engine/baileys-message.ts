import type { WAMessage } from '@whiskeysockets/baileys';
import type { InboundMessage } from './engine.ts';

/** Reads a text that somebody else sent; undefined for own messages, and for what carries no text. */
export function readTextMessage({ key, message, messageTimestamp }: WAMessage): InboundMessage | undefined {
  const text = message?.conversation ?? message?.extendedTextMessage?.text;
  if (key.fromMe === true || !text || !key.id || !key.remoteJid) return undefined;
  const chat = byPhoneNumber(key.remoteJid, key.remoteJidAlt);
  return {
    id: key.id,
    chat,
    from: key.participant ? byPhoneNumber(key.participant, key.participantAlt) : chat,
    text,
    sentAtMs: Number(messageTimestamp ?? 0) * 1_000,
  };
}

/** WhatsApp addresses people by phone number or by a hidden id ("lid"): people know the former. */
function byPhoneNumber(address: string, alternative: string | undefined): string {
  return address.endsWith('@lid') && alternative ? alternative : address;
}
