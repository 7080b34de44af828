import { type Fields, objectField, textField } from '../admin-http/fields.ts';

/** A file that a contact sends. */
export interface SentFile {
  readonly mimetype: string;
  readonly fileName?: string;
  readonly data: Buffer;
}

/** A file of 16 MiB in base64, and the rest of the message; in bytes. */
const largestBody = 24 * 1_024 * 1_024;
/** What may be larger than other requests. */
export const largeAdminBodies = { 'POST /admin/deliver': largestBody } as const;

/** The file in a message that is to be delivered, if there is one. @throws {BadRequestError} it is described wrongly */
export function readSentFile(body: Fields): SentFile | undefined {
  if (body['media'] === undefined) return undefined;
  const media = objectField(body, 'media');
  const mimetype = textField(media, 'mimetype', { pattern: /^[\w.+-]+\/[\w.+-]+(; .+)?$/, example: 'image/png' });
  const base64 = { pattern: /^[A-Za-z0-9+/]+={0,2}$/, example: 'aGVsbG8=', maxLength: largestBody };
  const data = Buffer.from(textField(media, 'data', base64), 'base64');
  if (media['fileName'] === undefined) return { mimetype, data };
  return { mimetype, data, fileName: textField(media, 'fileName', { example: 'invoice.pdf', maxLength: 255 }) };
}

/** The text of such a message; that of a file is its caption, which may be left out. @throws {BadRequestError} it is missing */
export function readSentText(body: Fields, file: SentFile | undefined): string {
  if (file !== undefined && (body['text'] ?? '') === '') return '';
  return textField(body, 'text', { example: 'hello', maxLength: 65_536 });
}
