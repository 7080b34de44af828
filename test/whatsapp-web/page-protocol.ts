import type { Fields } from '../admin-http/fields.ts';
import { choiceField, integerField, textField } from '../admin-http/fields.ts';

/** What a message holds. A file is named by the path under which the site stores it. */
export interface Content {
  /** Of a file its caption, which may be empty. */
  readonly text: string;
  readonly media?: Media;
}

export interface Media {
  /** Unguessable: who knows it may download the file. */
  readonly directPath: string;
  readonly mimetype: string;
  readonly fileName?: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** How far a message that the page sent has come, as WhatsApp Web counts: 2 it is delivered, 3 it is read. */
export type AckLevel = 2 | 3;

/** Why the site ends a login; each leads to a state that whatsapp-web.js knows. */
export type EndReason = 'logged-out' | 'conflict' | 'banned' | 'try-again';

/** What goes wrong inside the page, on command. */
export type PageFault = 'wedge' | 'hog' | 'crash-page';

/** What the site tells a page. */
export type ToPage =
  | { readonly type: 'references'; readonly references: readonly string[] }
  | { readonly type: 'paired'; readonly phone: string; readonly token: string }
  | { readonly type: 'online'; readonly phone: string; readonly name: string }
  /** All that waited for this login was sent. */
  | { readonly type: 'synced' }
  | {
      readonly type: 'message';
      readonly id: string;
      readonly from: string;
      readonly sentAtSeconds: number;
      readonly content: Content;
    }
  | { readonly type: 'ack'; readonly id: string; readonly level: AckLevel }
  | { readonly type: 'answer'; readonly request: number; readonly code?: string }
  | { readonly type: 'end'; readonly reason: EndReason }
  | { readonly type: 'fault'; readonly kind: PageFault; readonly argument: number | undefined }
  | { readonly type: 'pong' };

/** The public keys that a page shows in its QR, as base64. */
export interface PageKeys {
  readonly noise: string;
  readonly identity: string;
  readonly secret: string;
}

/** What a page tells the site. What has a `request` number is answered under it. */
export type FromPage =
  | { readonly type: 'hello'; readonly keys: PageKeys; readonly login: Credentials | undefined }
  | { readonly type: 'request-references' }
  | { readonly type: 'request-code'; readonly request: number; readonly phone: string }
  | {
      readonly type: 'send';
      readonly request: number;
      readonly id: string;
      readonly to: string;
      readonly text: string;
      readonly media: SentMedia | undefined;
    }
  | { readonly type: 'received'; readonly id: string }
  | { readonly type: 'logout'; readonly request: number }
  | { readonly type: 'ping' };

export interface SentMedia {
  readonly directPath: string;
  readonly kind: (typeof mediaKinds)[number];
  readonly fileName: string | undefined;
}

/** What a page has of an earlier pairing. */
export interface Credentials {
  readonly phone: string;
  readonly token: string;
}

const types = ['hello', 'request-references', 'request-code', 'send', 'received', 'logout', 'ping'] as const;
const mediaKinds = ['image', 'video', 'audio', 'ptt', 'document'] as const;
const userAddress = /^\d{5,15}@(c\.us|s\.whatsapp\.net)$/;

/** Reads what a page says. @throws {BadRequestError} it is not of this protocol */
export function readFromPage(fields: Fields): FromPage {
  const type = choiceField(fields, 'type', types);
  switch (type) {
    case 'hello':
      return { type, keys: readKeys(fields), login: readCredentials(fields) };
    case 'request-code':
      return { type, request: requestOf(fields), phone: digits(fields, 'phone') };
    case 'send':
      return {
        type,
        request: requestOf(fields),
        id: messageId(fields),
        to: textField(fields, 'to', { pattern: userAddress, example: '15550002000@c.us' }),
        text: fields['text'] === '' ? '' : textField(fields, 'text', { example: 'hello', maxLength: 65_536 }),
        media: readSentMedia(fields),
      };
    case 'received':
      return { type, id: messageId(fields) };
    case 'logout':
      return { type, request: requestOf(fields) };
    case 'request-references':
    case 'ping':
      return { type };
  }
}

function readKeys(fields: Fields): PageKeys {
  const key = (name: string) =>
    textField(fields, name, { pattern: /^[A-Za-z0-9+/]{43}=$/, example: Buffer.alloc(32).toString('base64') });
  return { noise: key('noise'), identity: key('identity'), secret: key('secret') };
}

function readCredentials(fields: Fields): Credentials | undefined {
  if (fields['token'] === undefined) return undefined;
  return { phone: digits(fields, 'phone'), token: textField(fields, 'token', { example: 'a UUID', maxLength: 64 }) };
}

function readSentMedia(fields: Fields): SentMedia | undefined {
  if (fields['directPath'] === undefined) return undefined;
  const fileName = fields['fileName'] ? textField(fields, 'fileName', { example: 'a.pdf', maxLength: 255 }) : undefined;
  const directPath = textField(fields, 'directPath', { example: '/media/…', maxLength: 128 });
  return { directPath, kind: choiceField(fields, 'kind', mediaKinds), fileName };
}

function requestOf(fields: Fields): number {
  return integerField(fields, 'request', 1, Number.MAX_SAFE_INTEGER) ?? 0;
}

function messageId(fields: Fields): string {
  return textField(fields, 'id', { pattern: /^[0-9A-Za-z._-]+$/, example: '3EB0…', maxLength: 128 });
}

function digits(fields: Fields, name: string): string {
  return textField(fields, name, { pattern: /^[1-9]\d{4,14}$/, example: '15550001000' });
}
