import { maxMediaBase64Length, podApiPaths } from '@berth/protocol';
import type { MediaFile } from '../../engine/engine.ts';
import { problem } from '../problem.ts';
import { readMediaFile } from '../read-media-file.ts';
import { refusalOf } from '../refusal.ts';
import { defaultMaxBodyBytes, type Route } from '../route.ts';

export interface SendMessageDependencies {
  readonly isReady: () => boolean;
  /** Gives the message's id. Bounded by its caller, below the operator's own patience. */
  readonly sendText: (to: string, text: string) => Promise<string>;
  /** As `sendText`. @throws {FileUnderWayError} another file is being sent or read */
  readonly sendMedia: (to: string, media: MediaFile, caption: string) => Promise<string>;
}

const phoneNumber = /^\+?(\d{5,20})$/;
const address = /^[\w.:-]{1,64}@(s\.whatsapp\.net|g\.us|lid)$/;
const maxTextLength = 65_536;

/** Sends a text or a file: 200 with its id once it was handed to WhatsApp, 409 while the session is not ready. */
export const sendMessageRoute = ({ isReady, sendText, sendMedia }: SendMessageDependencies): Route => ({
  method: 'POST',
  path: podApiPaths.messages,
  access: 'operator',
  maxBodyBytes: maxMediaBase64Length + defaultMaxBodyBytes, // The file in base64, and all that is beside it.
  async answer({ body }) {
    const { to, text, media } = (body ?? {}) as Readonly<Record<string, unknown>>;
    const recipient = typeof to === 'string' ? (phoneNumber.exec(to)?.[1] ?? address.exec(to)?.[0]) : undefined;
    if (!recipient) {
      const detail = 'Cannot send: "to" is neither a phone number in digits nor an address of WhatsApp; correct it';
      return problem(400, 'BAD_RECIPIENT', 'Bad recipient', detail);
    }
    const words = media === undefined ? text : (text ?? '');
    const least = media === undefined ? 1 : 0;
    if (typeof words !== 'string' || words.length < least || words.length > maxTextLength) {
      const detail = `Cannot send: "text" is not a text of ${least} to ${maxTextLength} characters; correct it`;
      return problem(400, 'BAD_TEXT', 'Bad text', detail);
    }
    const read = media === undefined ? undefined : readMediaFile(media);
    if (read && 'refusal' in read) return read.refusal;
    if (!isReady()) {
      const detail = 'Cannot send: the session is not ready; wait until it is';
      return problem(409, 'NOT_READY', 'Session not ready', detail);
    }
    try {
      const id = read ? await sendMedia(recipient, read.file, words) : await sendText(recipient, words);
      return { status: 200, body: { id } };
    } catch (error) {
      // The engine may yet deliver what it did not answer: whoever sends again may send twice.
      return refusalOf(error, (detail) => problem(504, 'SEND_UNCONFIRMED', 'Message not confirmed', detail));
    }
  },
});
