import type { Account } from '../session/session.ts';
import type { Disconnect, EngineEvent } from './engine.ts';
import { isPageReconnecting, isRefusal, readDisconnected, readLostState } from './web-disconnect.ts';

/** Where a page is on its way. */
export type Phase =
  | 'opening' // The browser starts, and the page loads.
  | 'loaded' // Its script runs, and waits for WhatsApp's answer: a login, or that it has to show a code.
  | 'pairing' // It shows a code; a person is needed.
  | 'returning' // It showed a code, which is good no more, and connects again by itself: perhaps as a phone has taken the code.
  | 'syncing' // It is logged in and cannot send yet.
  | 'open'
  | 'away'; // It was open, and connects again by itself.

export interface PageProgress {
  readonly phase: Phase;
  /** It began without a login: the one it has got is not known to be on the disk. */
  readonly isNew: boolean;
  /** It is about to be closed and opened again, with the login that it has got. */
  readonly isReopening: boolean;
  /** Its document was loaded anew: its connection may stand before whatsapp-web.js is back in it. */
  readonly wasReloaded: boolean;
  readonly account?: Account;
}

export type PageEvent =
  | { readonly type: 'PairingNeeded' }
  | { readonly type: 'QrGiven'; readonly qr: string }
  | { readonly type: 'PairingCodeGiven'; readonly code: string }
  | { readonly type: 'Ready'; readonly account?: Account | undefined }
  /** Its document was loaded anew, whoever asked for that. */
  | { readonly type: 'Reloaded' }
  /** The state of its connection to WhatsApp: told by it, or asked for. */
  | { readonly type: 'StateSeen'; readonly state: string }
  /** whatsapp-web.js gave it up. */
  | { readonly type: 'Disconnected'; readonly reason: string }
  | { readonly type: 'OpenFailed'; readonly disconnect: Disconnect }
  /** It has been in its phase for as long as that may last. */
  | { readonly type: 'TimeUp'; readonly limit: PhaseLimit }
  /** The page or its browser crashed, froze, or did not start. */
  | { readonly type: 'Dead'; readonly message: string };

/** What an engine tells, a `Closed` still without its random number. */
export type Told =
  | Extract<EngineEvent, { type: 'QrReceived' | 'PairingCodeReceived' | 'Paired' | 'Opened' | 'Failed' }>
  | ({ readonly type: 'Closed' } & Disconnect);

export type PageEffect =
  | { readonly type: 'Tell'; readonly event: Told }
  /** Close the browser; the next dial opens another one. */
  | { readonly type: 'GiveUp' }
  /** Close the browser in order and open it again on the same profile, so that the login is on the disk. */
  | { readonly type: 'Reopen' }
  | { readonly type: 'NotePairing' }
  | { readonly type: 'NoteLogout' }
  /** Pass on what arrived while it was not ready. */
  | { readonly type: 'CatchUp' }
  /** It has stopped to renew its QR code. */
  | { readonly type: 'RefreshQr' }
  /** The code that it shows, of either kind, was of a connection that is gone. */
  | { readonly type: 'AskForCode' };

/** What an event makes of a page. */
export interface PageVerdict {
  /** Where it is now; of a page that is given up, where it was. */
  readonly progress: PageProgress;
  /** What has to be done, in this order. */
  readonly effects: readonly PageEffect[];
}

export const newPage: PageProgress = { phase: 'opening', isNew: false, isReopening: false, wasReloaded: false };
/** A page that is opened again with the login that it has just got. */
export const reopenedPage: PageProgress = { ...newPage, phase: 'syncing' };

/** How long a phase may last, and what is said of a page that takes longer. */
export interface PhaseLimit {
  readonly ms: number;
  readonly tooLate: string;
}

/**
 * The limits of phases; one without is as long as it likes. Only the last resort where the operator looks as well: it ends
 * a run that is logged in and not ready after `recovery.authenticatedSeconds`, 90 by default.
 */
export const phaseLimits: Readonly<Partial<Record<Phase, PhaseLimit>>> = {
  opening: { ms: 90_000, tooLate: "WhatsApp's page was not loaded" },
  // What is left is one answer, which takes a second: a page that does not get it is loaded anew.
  loaded: { ms: 30_000, tooLate: "WhatsApp's page was loaded, and showed neither a code nor a login" },
  // From the last code on. A pairing code is good for 180 s, a QR code for 60 at most: whatsapp-web.js stops to renew a
  // pairing code where the page is not connected at that moment (src/Client.js, requestPairingCode()).
  pairing: { ms: 200_000, tooLate: "WhatsApp's page showed no other code, and the one it had is good no more" },
  // The page waits longer and longer between its own tries: a new one begins at once.
  returning: { ms: 45_000, tooLate: "WhatsApp's page did not get its connection back" },
  syncing: { ms: 180_000, tooLate: "WhatsApp's page is logged in, and did not get ready" },
  away: { ms: 45_000, tooLate: "WhatsApp's page did not get its connection back" },
};

/**
 * Says what an event makes of a page, and what has to be done. The same input always gives the same output.
 * @param isPaired whether the profile is known to hold a login
 */
export function judgePage(progress: PageProgress, event: PageEvent, isPaired: boolean): PageVerdict {
  const { phase } = progress;
  switch (event.type) {
    case 'PairingNeeded':
      // Chromium drops a database that it finds damaged, silently; a page that WhatsApp logged out says so before.
      if (isPaired) return end(progress, { type: 'Failed', reason: 'auth_failure', message: lostLogin });
      return nothing({ ...progress, isNew: true });
    case 'QrGiven':
    case 'PairingCodeGiven':
      if (phase === 'open' || phase === 'away') return nothing(progress);
      return tell(
        { ...progress, phase: 'pairing' },
        event.type === 'QrGiven'
          ? { type: 'QrReceived', qr: event.qr }
          : { type: 'PairingCodeReceived', code: event.code },
      );
    case 'Ready':
      return ready(progress, event.account, isPaired);
    case 'Reloaded':
      return reloaded({ ...progress, wasReloaded: true });
    case 'StateSeen':
      if (isRefusal(event.state)) return disconnected(progress, readDisconnected(event.state), isPaired);
      return stateSeen(progress, event.state);
    case 'Disconnected':
      return disconnected(progress, readDisconnected(event.reason), isPaired);
    case 'OpenFailed':
      return end(progress, { type: 'Closed', ...event.disconnect });
    case 'TimeUp':
      return end(progress, { type: 'Closed', code: 408, saidByWhatsApp: false, message: tooLate(event.limit) });
    case 'Dead':
      return end(progress, { type: 'Failed', message: event.message });
  }
}

const lostLogin =
  "Cannot log in with the browser's profile: a device was linked with it, and WhatsApp's page finds no login there; restore the volume, or delete the folder browser-profile to pair again";

function tooLate({ ms, tooLate: what }: PhaseLimit): string {
  return `${what} within ${ms / 1_000} s`;
}

function ready(progress: PageProgress, account: Account | undefined, isPaired: boolean): PageVerdict {
  if (progress.phase === 'open' || progress.isReopening) return nothing(progress); // It is told twice where the page was injected twice.
  if (progress.isNew) {
    const paired: PageEffect[] = progress.phase === 'syncing' ? [] : [{ type: 'Tell', event: { type: 'Paired' } }];
    return { progress: { ...progress, phase: 'syncing', isReopening: true }, effects: [...paired, { type: 'Reopen' }] };
  }
  const { effects, ...opened } = open({ ...progress, ...(account ? { account } : {}) });
  const noted: PageEffect[] = isPaired ? [] : [{ type: 'NotePairing' }];
  return { ...opened, effects: [...noted, ...effects, { type: 'CatchUp' }] };
}

function reloaded(progress: PageProgress): PageVerdict {
  const closed = { code: 428, saidByWhatsApp: false, message: "WhatsApp's page was loaded anew" };
  switch (progress.phase) {
    case 'open':
      return lose(progress, 'away', closed);
    case 'pairing': // Its code went with its document; whatsapp-web.js asks for another one, once it is back in it.
      return lose(progress, 'loaded', closed);
    case 'returning':
      return nothing({ ...progress, phase: 'loaded' });
    case 'opening':
    case 'loaded':
    case 'syncing':
    case 'away':
      return nothing(progress);
  }
}

function stateSeen(progress: PageProgress, state: string): PageVerdict {
  const { phase, wasReloaded } = progress;
  switch (phase) {
    case 'opening':
    case 'loaded':
      if (state === 'CONNECTED') return tell({ ...progress, phase: 'syncing' }, { type: 'Paired' });
      return nothing({ ...progress, phase: 'loaded' });
    case 'pairing':
    case 'returning':
      return unlinkedStateSeen(progress, state);
    case 'open':
      return isPageReconnecting(state) ? lose(progress, 'away', readLostState(state)) : nothing(progress);
    case 'away':
      return state === 'CONNECTED' && !wasReloaded ? open(progress) : nothing(progress);
    case 'syncing':
      return nothing(progress);
  }
}

/**
 * Of a page that has shown a code. It is PAIRING when a phone has taken the code, on its way to CONNECTED; and each time
 * it has connected without a login, on its way to UNPAIRED. The site knows a code only as long as the connection stands.
 */
function unlinkedStateSeen(progress: PageProgress, state: string): PageVerdict {
  const isReturning = progress.phase === 'returning';
  switch (state) {
    case 'CONNECTED':
      return tell({ ...progress, phase: 'syncing' }, { type: 'Paired' });
    case 'PAIRING':
      return nothing({ ...progress, phase: 'returning' });
    case 'UNPAIRED':
    case 'UNPAIRED_IDLE':
      if (isReturning) return { progress: { ...progress, phase: 'loaded' }, effects: [{ type: 'AskForCode' }] };
      return state === 'UNPAIRED' ? nothing(progress) : { progress, effects: [{ type: 'RefreshQr' }] };
    default:
      if (isReturning || !isPageReconnecting(state)) return nothing(progress);
      return lose(progress, 'returning', readLostState(state));
  }
}

function disconnected(progress: PageProgress, disconnect: Disconnect, isPaired: boolean): PageVerdict {
  const closed = { type: 'Closed', ...disconnect } as const;
  if (disconnect.code !== 401) return end(progress, closed);
  if (!isPaired && ['opening', 'loaded', 'pairing', 'returning'].includes(progress.phase)) {
    // There was no login that could end: it is a pairing that came to nothing.
    return end(progress, { ...closed, code: 428, saidByWhatsApp: false });
  }
  return end(progress, closed, { type: 'NoteLogout' });
}

function open(progress: PageProgress): PageVerdict {
  const { account } = progress;
  return tell({ ...progress, phase: 'open', wasReloaded: false }, { type: 'Opened', ...(account ? { account } : {}) });
}

/** It lost its connection, keeps its browser, and gets on in another phase. */
function lose(progress: PageProgress, phase: Phase, disconnect: Disconnect): PageVerdict {
  return tell({ ...progress, phase }, { type: 'Closed', ...disconnect });
}

function end(progress: PageProgress, event: Told, ...before: PageEffect[]): PageVerdict {
  return { progress, effects: [...before, { type: 'GiveUp' }, { type: 'Tell', event }] };
}

function tell(progress: PageProgress, event: Told): PageVerdict {
  return { progress, effects: [{ type: 'Tell', event }] };
}

function nothing(progress: PageProgress): PageVerdict {
  return { progress, effects: [] };
}
