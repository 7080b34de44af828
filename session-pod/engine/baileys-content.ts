import type { AnyMediaMessageContent } from '@whiskeysockets/baileys';
import type { MediaFile } from './engine.ts';

/**
 * What Baileys is given to send a file: WhatsApp shows images, videos and sounds, and anything else is a document. A sound has
 * no caption there, so one with a caption is sent as a document.
 */
export function mediaContent({ mimetype, data, fileName }: MediaFile, caption: string): AnyMediaMessageContent {
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const told = { mimetype, ...(caption === '' ? {} : { caption }) };
  // Without one Baileys writes the file to disk once more, to draw one with a library that is not here.
  const noThumbnail = { jpegThumbnail: '' };
  const [kind] = mimetype.split('/');
  if (kind === 'image') return { image: content, ...told, ...noThumbnail };
  if (kind === 'video') return { video: content, ...told, ...noThumbnail };
  if (kind === 'audio' && caption === '') return { audio: content, ...told };
  return { document: content, ...told, fileName: fileName ?? 'file' };
}
