import { normalizeMessageContent, proto } from '@whiskeysockets/baileys';
import type { ReceivedContent, ReceivedFile } from '../stand-ins/inbox.ts';
import type { SentFile } from '../stand-ins/sent-file.ts';
import { decryptFile, encryptFile, mediaTypeOf, sha256 } from './media-files.ts';
import type { MediaStore } from './media-store.ts';
import { ProtocolError } from './stanza.ts';

const mediaTypes = ['image', 'video', 'audio', 'document'] as const;
type MediaKind = (typeof mediaTypes)[number];

/** Writes messages as phones do, and reads those of sessions. */
export function createMessageContents(store: MediaStore) {
  /** A text, or a file with its caption: encrypted, and put where the message says. */
  async function write(text: string, sent: SentFile | undefined): Promise<Buffer> {
    if (!sent) return encode({ conversation: text });
    const type = mediaTypeOf(sent.mimetype);
    const { file, encrypted } = await encryptFile(sent.data, type);
    const directPath = store.put(encrypted);
    const caption = text === '' ? {} : { caption: text };
    const told = { ...file, mimetype: sent.mimetype, directPath, mediaKeyTimestamp: 1 };
    // What a phone writes there; a client that trusted it could be led anywhere.
    const url = `https://mmg.whatsapp.net${directPath}`;
    if (type === 'audio') return encode({ audioMessage: { ...told, url } });
    if (type !== 'document') return encode({ [`${type}Message`]: { ...told, url, ...caption } });
    const documentMessage = { ...told, url, ...caption, ...(sent.fileName ? { fileName: sent.fileName } : {}) };
    // A phone wraps a document that has a caption.
    return encode(text === '' ? { documentMessage } : { documentWithCaptionMessage: { message: { documentMessage } } });
  }

  /** Reads a message, and its file from where it lies. Rejects where that is not the one that the message tells of. */
  async function read(message: proto.Message): Promise<ReceivedContent> {
    const content = normalizeMessageContent(message) ?? {};
    const [type = 'empty'] = Object.keys(content).filter((key) => key !== 'messageContextInfo');
    const kind = mediaTypes.find((each) => content[`${each}Message`]);
    if (kind) return { type, ...(await readFile(content, kind)) };
    const text = content.conversation || content.extendedTextMessage?.text;
    return text ? { type, text } : { type };
  }

  async function readFile(content: proto.IMessage, kind: MediaKind) {
    const told: proto.Message.IDocumentMessage | null | undefined = content[`${kind}Message`];
    const { mediaKey, fileSha256, fileEncSha256, fileLength, directPath, mimetype, fileName, caption } = told ?? {};
    if (!mediaKey || !fileSha256 || !fileEncSha256 || !directPath || !mimetype)
      throw new ProtocolError('read a file', 'the message lacks its key, hash, path or mimetype');
    const encrypted = store.get(directPath);
    if (!encrypted) throw new ProtocolError('read a file', 'nothing lies where the message says');
    const file = {
      mediaKey: Buffer.from(mediaKey),
      fileSha256: Buffer.from(fileSha256),
      fileEncSha256: Buffer.from(fileEncSha256),
      fileLength: Number(fileLength ?? 0),
    };
    const data = await decryptFile(encrypted, file, kind);
    const media: ReceivedFile = {
      mimetype,
      sizeBytes: data.length,
      sha256: sha256(data).toString('hex'),
      ...(fileName ? { fileName } : {}),
    };
    return { ...(caption ? { text: caption } : {}), media };
  }

  return { write, read };
}

export type MessageContents = ReturnType<typeof createMessageContents>;

function encode(message: proto.IMessage): Buffer {
  return Buffer.from(proto.Message.encode(message).finish());
}
