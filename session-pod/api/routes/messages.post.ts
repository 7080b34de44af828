import { podApiPaths } from '@berth/protocol';
import { problem } from '../problem.ts';
import type { Route } from '../route.ts';

export interface SendMessageDependencies {
  readonly isReady: () => boolean;
  /** Gives the message's id. Bounded by its caller, below the operator's own patience. */
  readonly sendText: (to: string, text: string) => Promise<string>;
}

const phoneNumber = /^\+?(\d{5,20})$/;
const address = /^[\w.:-]{1,64}@(s\.whatsapp\.net|g\.us|lid)$/;
const maxTextLength = 65_536;

/** Sends a text: 200 with its id once it was handed to WhatsApp, 409 while the session is not ready. */
export const sendMessageRoute = ({ isReady, sendText }: SendMessageDependencies): Route => ({
  method: 'POST',
  path: podApiPaths.messages,
  access: 'operator',
  async answer({ body }) {
    const { to, text } = (body ?? {}) as { readonly to?: unknown; readonly text?: unknown };
    const recipient = typeof to === 'string' ? (phoneNumber.exec(to)?.[1] ?? address.exec(to)?.[0]) : undefined;
    if (!recipient) {
      const detail = 'Cannot send: "to" is neither a phone number in digits nor an address of WhatsApp; correct it';
      return problem(400, 'BAD_RECIPIENT', 'Bad recipient', detail);
    }
    if (typeof text !== 'string' || text.length === 0 || text.length > maxTextLength) {
      const detail = `Cannot send: "text" is not a text of 1 to ${maxTextLength} characters; correct it`;
      return problem(400, 'BAD_TEXT', 'Bad text', detail);
    }
    if (!isReady()) {
      const detail = 'Cannot send: the session is not ready; wait until it is';
      return problem(409, 'NOT_READY', 'Session not ready', detail);
    }
    try {
      return { status: 200, body: { id: await sendText(recipient, text) } };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      // The engine may yet deliver what it did not answer: whoever sends again may send twice.
      return problem(504, 'SEND_UNCONFIRMED', 'Message not confirmed', detail.slice(0, 200));
    }
  },
});
