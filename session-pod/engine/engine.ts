import type { SessionEvent } from '../session/session.ts';

/** A file that is sent. */
export interface MediaFile {
  /** For instance `image/png`. */
  readonly mimetype: string;
  readonly data: Uint8Array;
  /** Absent: a document is called "file". */
  readonly fileName?: string;
}

/** A file that arrived; its content stays with WhatsApp until somebody reads it. */
export interface InboundMedia {
  readonly mimetype: string;
  readonly fileName?: string;
  /** As the sender said; absent where the engine does not know it. */
  readonly sizeBytes?: number;
  /** Loads and decrypts it. @throws {Error} WhatsApp has it no longer, or the engine has lost the message */
  read(): Promise<Uint8Array>;
}

/** What became of a message that this session sent: the best that is known. */
export type AckLevel = 'failed' | 'sent' | 'delivered' | 'read' | 'played';

/** WhatsApp's word on a message that this session sent. */
export interface MessageAck {
  readonly id: string;
  readonly level: AckLevel;
}

/** A message that arrived. */
export interface InboundMessage {
  readonly id: string;
  /** The chat's address, by phone number where the engine knows it. */
  readonly chat: string;
  /** Who wrote it; the chat itself unless it is a group. */
  readonly from: string;
  /** Of a file its caption, which may be empty. */
  readonly text: string;
  readonly media?: InboundMedia;
  /** Milliseconds since the epoch, as WhatsApp stamped it. */
  readonly sentAtMs: number;
}

/** Of a file's name and type, which its sender chose, so many characters are kept. */
export const maxToldLength = 255;

/** The end of a connection in the codes of Baileys, so that `advance()` judges all engines by the same rules. */
export interface Disconnect {
  readonly code: number;
  /** Whether it is WhatsApp's word on the login, and not the network's, a proxy's or the engine's. */
  readonly saidByWhatsApp: boolean;
  readonly message: string;
}

/** How the session fares, as its engine sees it. */
export type EngineEvent = Extract<
  SessionEvent,
  { type: 'QrReceived' | 'PairingCodeReceived' | 'Paired' | 'Opened' | 'AccountLearnt' | 'Closed' | 'Failed' }
>;

/** What an engine tells: how the session fares, and what arrived. Called synchronously, and must not throw. */
export interface EngineListener {
  onSession(event: EngineEvent): void;
  onMessage(message: InboundMessage): void;
  onAck(ack: MessageAck): void;
}

/**
 * One linked device. An engine never redials by itself: after a `Closed` it is idle until the next `connect()`, so that
 * backoff and verdict are the same for every engine.
 */
export interface Engine {
  /** Dials WhatsApp. Resolves once dialling has begun; what comes of it is told to the listener. Ends an older connection. */
  connect(): Promise<void>;
  /**
   * Hands a text to WhatsApp and gives the message's id; it does not wait for an acknowledgement.
   * @param to a phone number in digits, or an address of the engine
   * @throws {NotConnectedError} there is no connection to hand it to
   * @throws {RecipientUnknownError} WhatsApp knows nobody by this address, as far as the engine learns that
   */
  sendText(to: string, text: string): Promise<string>;
  /** As `sendText`, for a file with its caption, which may be empty. */
  sendMedia(to: string, media: MediaFile, caption: string): Promise<string>;
  /** Resolves while the engine answers and its connection stands. @throws {NotConnectedError} it does not */
  probe(): Promise<void>;
  /**
   * Asks WhatsApp to unlink this device; resolves once WhatsApp has confirmed it. The stored credentials are not touched.
   * @throws {NotConnectedError | LogoutUnconfirmedError} it is not confirmed, at the latest after `withinMs` milliseconds
   */
  logout(withinMs: number): Promise<void>;
  /**
   * Ends the connection for good, by force after `withinMs`; nothing is told to the listener any more. Called again it can only
   * bring the end forward. Never throws.
   */
  close(withinMs: number): Promise<void>;
}
