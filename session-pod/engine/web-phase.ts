import type { Account, SessionEvent } from '../session/session.ts';
import type { WebDisconnect } from './web-disconnect.ts';
import { isPageReconnecting, isRefusal, readDisconnected, readLostState } from './web-disconnect.ts';

/** Where a page is on its way. */
export type Phase =
  | 'opening' // The browser starts, and the page loads.
  | 'loaded' // Its script runs, and waits for WhatsApp's answer: a login, or that it has to show a code.
  | 'pairing' // It shows a code; a person is needed.
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
  | { readonly type: 'Reloaded' }
  /** The state of its connection to WhatsApp: told by it, or asked for. */
  | { readonly type: 'StateSeen'; readonly state: string }
  /** whatsapp-web.js gave it up. */
  | { readonly type: 'Disconnected'; readonly reason: string }
  | { readonly type: 'OpenFailed'; readonly disconnect: WebDisconnect }
  | { readonly type: 'TimeUp' }
  /** The page or its browser crashed, froze, or did not start. */
  | { readonly type: 'Dead'; readonly message: string };

/** What an engine tells, a `Closed` still without its random number. */
export type Told =
  | Extract<SessionEvent, { type: 'QrReceived' | 'PairingCodeReceived' | 'Paired' | 'Opened' | 'Failed' }>
  | ({ readonly type: 'Closed' } & WebDisconnect);

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
  | { readonly type: 'RefreshQr' };

export interface PageVerdict {
  readonly progress: PageProgress;
  readonly effects: readonly PageEffect[];
}

export const newPage: PageProgress = { phase: 'opening', isNew: false, isReopening: false, wasReloaded: false };
/** A page that is opened again with the login that it has just got. */
export const reopenedPage: PageProgress = { ...newPage, phase: 'syncing' };

/**
 * How long a phase may last, in milliseconds; undefined: as long as it likes. Only the last resort where the operator looks
 * as well: it ends a run that is logged in and not ready after `recovery.authenticatedSeconds`, 90 by default.
 */
export const phaseLimitMs: Readonly<Record<Phase, number | undefined>> = {
  opening: 90_000,
  loaded: 30_000, // What is left is one answer, which takes a second: a page that does not get it is loaded anew.
  pairing: undefined,
  syncing: 180_000,
  open: undefined,
  away: 45_000, // The page waits longer and longer between its own tries: a new one begins at once.
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
      if (phase !== 'open') return nothing({ ...progress, wasReloaded: true });
      return away({ ...progress, wasReloaded: true }, { code: 428, saidByWhatsApp: false, message: reloaded });
    case 'StateSeen':
      if (isRefusal(event.state)) return disconnected(progress, readDisconnected(event.state), isPaired);
      return stateSeen(progress, event.state);
    case 'Disconnected':
      return disconnected(progress, readDisconnected(event.reason), isPaired);
    case 'OpenFailed':
      return end(progress, { type: 'Closed', ...event.disconnect });
    case 'TimeUp':
      return end(progress, { type: 'Closed', code: 408, saidByWhatsApp: false, message: tooLate[phase] });
    case 'Dead':
      return end(progress, { type: 'Failed', message: event.message });
  }
}

const lostLogin =
  "Cannot log in with the browser's profile: a device was linked with it, and WhatsApp's page finds no login there; restore the volume, or delete the folder browser-profile to pair again";
const reloaded = "WhatsApp's page was loaded anew";
const tooLate: Readonly<Record<Phase, string>> = {
  opening: `WhatsApp's page was not loaded within ${90_000 / 1_000} s`,
  loaded: `WhatsApp's page was loaded, and showed neither a code nor a login within ${30_000 / 1_000} s`,
  pairing: 'Nobody paired in time',
  syncing: "WhatsApp's page is logged in, and did not get ready in time",
  open: 'The connection took too long',
  away: "WhatsApp's page did not get its connection back in time",
};

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

function stateSeen(progress: PageProgress, state: string): PageVerdict {
  const { phase, isNew, wasReloaded } = progress;
  switch (phase) {
    case 'opening':
    case 'loaded':
    case 'pairing':
      // A page with a login passes through PAIRING, too, on its way to CONNECTED.
      if (state === 'CONNECTED' || (state === 'PAIRING' && isNew))
        return tell({ ...progress, phase: 'syncing' }, { type: 'Paired' });
      if (state === 'UNPAIRED_IDLE' && phase === 'pairing') return { progress, effects: [{ type: 'RefreshQr' }] };
      return nothing(phase === 'opening' ? { ...progress, phase: 'loaded' } : progress);
    case 'open':
      return isPageReconnecting(state) ? away(progress, readLostState(state)) : nothing(progress);
    case 'away':
      return state === 'CONNECTED' && !wasReloaded ? open(progress) : nothing(progress);
    case 'syncing':
      return nothing(progress);
  }
}

function disconnected(progress: PageProgress, disconnect: WebDisconnect, isPaired: boolean): PageVerdict {
  const closed = { type: 'Closed', ...disconnect } as const;
  if (disconnect.code !== 401) return end(progress, closed);
  if (!isPaired && ['opening', 'loaded', 'pairing'].includes(progress.phase)) {
    // There was no login that could end: it is a pairing that came to nothing.
    return end(progress, { ...closed, code: 428, saidByWhatsApp: false });
  }
  return end(progress, closed, { type: 'NoteLogout' });
}

function open(progress: PageProgress): PageVerdict {
  const { account } = progress;
  return tell({ ...progress, phase: 'open', wasReloaded: false }, { type: 'Opened', ...(account ? { account } : {}) });
}

function away(progress: PageProgress, disconnect: WebDisconnect): PageVerdict {
  return tell({ ...progress, phase: 'away' }, { type: 'Closed', ...disconnect });
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
