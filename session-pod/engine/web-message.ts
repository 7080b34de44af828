import { type AckLevel, type InboundMessage, maxToldLength } from './engine.ts';

/** What is read of a `Message` of whatsapp-web.js. */
export interface WebMessage {
  readonly id: { readonly id: string; readonly fromMe: boolean; readonly _serialized: string };
  /** The chat, of a message that somebody else sent. */
  readonly from: string;
  /** Who wrote it, in a group. */
  readonly author?: string | undefined;
  readonly body: string;
  readonly type: string;
  readonly hasMedia: boolean;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** What the page knows of a file; whatsapp-web.js passes it on without a name of its own. */
export interface WebMediaData {
  readonly mimetype?: unknown;
  readonly filename?: unknown;
  readonly size?: unknown;
}

/**
 * Reads a text or file that somebody else sent; undefined for own messages, and for what carries neither.
 * @param media what the page knows of the file
 * @param load gets the file, by the id of its message in the page
 */
export function readMessage(
  message: WebMessage,
  media: WebMediaData,
  load: (id: string) => Promise<Uint8Array>,
): InboundMessage | undefined {
  const { id, from, author, body, type, hasMedia, timestamp } = message;
  if (id.fromMe || !id.id || !from || !(hasMedia || (type === 'chat' && body))) return undefined;
  const { mimetype, filename, size } = media;
  const inPage = id._serialized;
  const chat = fromWebAddress(from);
  return {
    id: id.id,
    chat,
    from: author ? fromWebAddress(author) : chat,
    text: body,
    ...(hasMedia
      ? {
          media: {
            mimetype: textOf(mimetype) ?? 'application/octet-stream',
            ...(textOf(filename) === undefined ? {} : { fileName: textOf(filename) as string }),
            ...(typeof size === 'number' ? { sizeBytes: size } : {}),
            read: () => load(inPage),
          },
        }
      : {}),
    sentAtMs: timestamp * 1_000,
  };
}

const levels: Readonly<Record<number, AckLevel>> = {
  '-1': 'failed',
  1: 'sent',
  2: 'delivered',
  3: 'read',
  4: 'played',
};

/** The level of an acknowledgement by its number in the page; undefined while it is pending. */
export function ackLevel(ack: number): AckLevel | undefined {
  return levels[ack];
}

/** The page's address of a recipient: people are `@c.us` there, and `@s.whatsapp.net` everywhere else. */
export function toWebAddress(to: string): string {
  return to.includes('@') ? to.replace(/@s\.whatsapp\.net$/, '@c.us') : `${to}@c.us`;
}

/** The address as Baileys would give it, without the number of a device. */
export function fromWebAddress(address: string): string {
  return address.replace(/(?::\d+)?@c\.us$/, '@s.whatsapp.net').replace(/:\d+@lid$/, '@lid');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, maxToldLength) : undefined;
}
