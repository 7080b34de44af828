/** For each phone; the oldest goes first. */
const maxMessages = 1_000;
const maxPhones = 20_000;

/** A file that a contact got, as far as a test wants to know of it. */
export interface ReceivedFile {
  readonly mimetype: string;
  readonly fileName?: string;
  /** Of its content, once decrypted. */
  readonly sizeBytes: number;
  /** Of its content, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** What a contact got, decrypted. */
export interface ReceivedContent {
  /** The kind of content, for instance "extendedTextMessage". */
  readonly type: string;
  /** Of a file its caption. */
  readonly text?: string;
  readonly media?: ReceivedFile;
}

/** A message of a session, as the contact it was sent to decrypted it. */
export interface ReceivedMessage extends Partial<ReceivedContent> {
  readonly id: string;
  /** The contact's phone number. */
  readonly to: string;
  /** RFC 3339 in UTC. */
  readonly receivedAt: string;
  /** Why it could not be decrypted; its content is absent then. */
  readonly failure?: string;
}

/** What sessions have sent, by the phone they are linked to. */
export class Inbox {
  readonly #byPhone = new Map<string, ReceivedMessage[]>();

  add(phone: string, message: ReceivedMessage) {
    const messages = this.#byPhone.get(phone) ?? [];
    messages.push(message);
    if (messages.length > maxMessages) messages.shift();
    const [oldest] = this.#byPhone.keys();
    if (!this.#byPhone.has(phone) && this.#byPhone.size >= maxPhones && oldest) this.#byPhone.delete(oldest);
    this.#byPhone.set(phone, messages);
  }

  /** Oldest first. */
  of(phone: string): readonly ReceivedMessage[] {
    return this.#byPhone.get(phone) ?? [];
  }
}
