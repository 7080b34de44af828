import type { PodEndReason, SessionState } from '@berth/protocol';

/** The linked account; `id` is the account's address without the device number. */
export interface Account {
  readonly id: string;
  readonly pushName?: string;
}

/** Everything that is known of the session in this run. Times are milliseconds since the epoch, the pod's clock. */
export interface Session {
  readonly state: SessionState;
  readonly sinceMs: number;
  /** Times a connection that was logged in got lost in this run. */
  readonly reconnects: number;
  /** When they got lost, oldest first; no more of them than a loop can be made of. */
  readonly lostAtMs: readonly number[];
  /** Dials in a row that led to nothing lasting; the backoff grows with it. */
  readonly failedDials: number;
  /** When WhatsApp last asked for a restart of the connection (515). */
  readonly restartAskedAtMs?: number;
  /** The QR code to scan, only while the state is `waiting_for_pairing`. */
  readonly qr?: string;
  /** The code to enter on the phone instead of scanning, only while the state is `waiting_for_pairing`. */
  readonly pairingCode?: string;
  readonly account?: Account;
  /** What was last heard or failed, for people; no phone number, QR code or message text. */
  readonly message?: string;
  /** Why the session is stopping, where only the pod can know. */
  readonly endsAs?: PodEndReason;
}

/** What happened, told by the engine or by whoever asks the session to stop. */
export type SessionEvent =
  | { readonly type: 'Started' }
  | { readonly type: 'QrReceived'; readonly qr: string }
  /** WhatsApp gave a code for the phone number that is to be linked. */
  | { readonly type: 'PairingCodeReceived'; readonly code: string }
  /**
   * It has a login, and cannot send yet: the phone has accepted the pairing, after which WhatsApp closes the connection of
   * Baileys with 515 and wants to be dialled again; or a page was loaded with its login, which Baileys does not tell.
   */
  | { readonly type: 'Paired' }
  | { readonly type: 'Opened'; readonly account?: Account }
  /** The account became known only after the connection was open. */
  | { readonly type: 'AccountLearnt'; readonly account: Account }
  | {
      readonly type: 'Closed';
      /** Baileys' status code of the disconnect, an integer. */
      readonly code: number;
      /** False for a code that did not come from WhatsApp, such as a proxy's answer to the upgrade. */
      readonly saidByWhatsApp: boolean;
      readonly message: string;
      /** A random number from 0 to 1, for the jitter of the next dial. */
      readonly random: number;
    }
  /** The run cannot go on, whatever WhatsApp says: for instance, credentials cannot be read or written. */
  | { readonly type: 'Failed'; readonly reason?: PodEndReason; readonly message: string }
  /** Somebody asks for the end; with `logOut`, the device is to be unlinked first. */
  | { readonly type: 'StopAsked'; readonly message: string; readonly logOut?: boolean }
  /** The operator said that this run is over. */
  | { readonly type: 'RunOver'; readonly message: string };

/** What the shell has to do. `CorrectLastWords`: the run's end is under way, and its reason was not the true one. */
export type SessionEffect =
  | { readonly type: 'Dial'; readonly inMs: number }
  /** End the run, with these last words. `eraseCredentials` only after a logout that WhatsApp confirmed. */
  | {
      readonly type: 'End';
      /** 0 when somebody asked for the end; for people, as the operator reads the reason. */
      readonly exitCode: 0 | 1;
      readonly reason?: PodEndReason;
      readonly code?: number;
      readonly message: string;
      readonly eraseCredentials: boolean;
      /** Ask WhatsApp to unlink the device, after the last words; credentials go only if it confirms that. */
      readonly logOut?: boolean;
    }
  | { readonly type: 'CorrectLastWords'; readonly code: number; readonly message: string };

/** The session at the start of a process. */
export function newSession(nowMs: number): Session {
  return { state: 'connecting', sinceMs: nowMs, reconnects: 0, lostAtMs: [], failedDials: 0 };
}
