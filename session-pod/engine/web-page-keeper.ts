import type { Log } from '../publish/log.ts';
import type { BrowserProfile } from '../storage/browser-profile.ts';
import type { EngineListener } from './engine.ts';
import { NotConnectedError } from './not-connected-error.ts';
import { settlesWithin } from './settles-within.ts';
import { openFailure, startFailure } from './web-failure.ts';
import type { PageEffect, PageEvent, PageProgress } from './web-judge-page.ts';
import { judgePage, newPage, reopenedPage } from './web-judge-page.ts';
import { lastWordFollowsMs, logOutPage } from './web-logout.ts';
import type { WebPage, WebPageListener } from './web-page.ts';
import { killBrowser, killedWithinMs } from './web-process-tree.ts';
import type { PhaseWatch } from './web-watch-phase.ts';
import { watchPhase } from './web-watch-phase.ts';

export interface PageKeeperOptions extends Pick<WebPageListener, 'onMessage' | 'onAck'> {
  readonly profile: BrowserProfile;
  readonly log: Log;
  /** Gives what starts a browser on the profile. @throws {Error} it cannot be started at all */
  readonly prepare: () => Promise<(listener: WebPageListener) => WebPage>;
  readonly onSession: EngineListener['onSession'];
  /** A device was linked: what was before is not the session's. */
  readonly onPairing: () => void;
  /** The page became ready: what arrived before has not been told. */
  readonly onReady: (page: WebPage) => void;
  /** Whether a QR code is wanted, rather than a code for a phone number. */
  readonly isPairedByQr: boolean;
  readonly hasSandbox: boolean;
}

/** One page at a time on one profile, told of as a session. */
export interface PageKeeper {
  /** Opens a page, unless there is one already or one is about to be opened. Never throws: a failure is told. */
  connect(): Promise<void>;
  /** The page there is, open or not. */
  page(): WebPage | undefined;
  /** @param action completes "Cannot …" @throws {NotConnectedError} the page is not open */
  openPage(action: string): WebPage;
  /** Tells it the state of the page's connection, as it was found. */
  see(state: string): void;
  /** @throws {NotConnectedError | LogoutUnconfirmedError} as the engine's; `withinMs` milliseconds */
  logout(withinMs: number): Promise<void>;
  /**
   * Ends the page, for good, in whatever phase it is; nothing is told any more. Its browser has `withinMs` milliseconds to
   * close in order, and is gone at most 1.5 s later. Never throws.
   */
  close(withinMs: number): Promise<void>;
}

/** For a browser that is given up: it has nothing of value that is not on the disk. */
const givenUpWithinMs = 2_000;
/** For the browser that holds a login which is nowhere else yet; 0.2 s is usual. */
const flushedWithinMs = 10_000;
/** Until then Chromium has begun to write what a page has stored, with --enable-aggressive-domstorage-flushing. */
const writtenAfterMs = 1_500;

/** Keeps a page going: does what `judgePage()` makes of its events, and sees that it answers and gets on in time. */
export function createPageKeeper(options: PageKeeperOptions): PageKeeper {
  const { profile, log } = options;
  let page: WebPage | undefined;
  let progress: PageProgress = newPage;
  let watch: PhaseWatch | undefined;
  /** The end of the last browser: no other may start on its profile before. */
  let ending: Promise<unknown> = Promise.resolve();
  /** The next browser is on its way. */
  let isOpening = false;
  let isClosed = false;
  let isLeaving = false;
  let hearLogout: (() => void) | undefined;

  function handle(event: PageEvent): void {
    if (!page || isClosed || (isLeaving && event.type !== 'Disconnected')) return;
    const before = progress;
    const verdict = judgePage(before, event, profile.pairedAtMs() !== undefined);
    progress = verdict.progress;
    if (progress.phase !== before.phase) enterPhase(page);
    // A code is good for some time, so that of a page which shows it begins anew with each.
    else if (event.type === 'QrGiven' || event.type === 'PairingCodeGiven') watch?.restartLimit();
    for (const effect of verdict.effects) perform(effect);
  }

  function enterPhase(watched: WebPage): void {
    watch?.stop();
    watch = watchPhase(watched, progress.phase, handle);
  }

  function perform(effect: PageEffect): void {
    switch (effect.type) {
      case 'Tell':
        if (effect.event.type === 'Closed') options.onSession({ ...effect.event, random: Math.random() });
        else options.onSession(effect.event);
        return;
      case 'GiveUp':
        endPage(givenUpWithinMs);
        return;
      case 'Reopen':
        options.onPairing();
        reopenSoon();
        return;
      case 'NotePairing':
        notePairing();
        return;
      case 'NoteLogout':
        noteLogout();
        hearLogout?.();
        return;
      case 'CatchUp':
        if (page) options.onReady(page);
        return;
      case 'RefreshQr':
        if (options.isPairedByQr) page?.refreshQr();
        return;
      case 'AskForCode':
        page?.askForCode();
        return;
    }
  }

  function notePairing(): void {
    try {
      profile.notePairing(Date.now());
    } catch (error) {
      log.error({ err: error }, 'The login cannot be noted');
      options.onSession({ type: 'Failed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Only for a run that is killed before it has erased the profile, which needs no room: what cannot be noted is erased all the same. */
  function noteLogout(): void {
    try {
      profile.noteLogout(Date.now());
    } catch (error) {
      log.error({ err: error }, 'The end of the login cannot be noted');
    }
  }

  function endPage(withinMs: number): void {
    const last = page;
    page = undefined;
    watch?.stop();
    if (last) ending = last.close(withinMs);
  }

  function reopenSoon(): void {
    const opened = page;
    setTimeout(() => {
      if (page === opened) void reopen();
    }, writtenAfterMs);
  }

  async function reopen(): Promise<void> {
    const startedAtMs = Date.now();
    isOpening = true;
    endPage(flushedWithinMs);
    const isInOrder = await ending;
    log.info({ isInOrder, tookMs: Date.now() - startedAtMs }, 'Browser is opened again, now that it has a login');
    await open(reopenedPage);
  }

  async function open(from: PageProgress): Promise<void> {
    isOpening = true;
    try {
      await ending;
      // What a dead process of the same container left: the volume's lock proves that nobody uses it.
      if (!(await killBrowser({ profileDirectory: profile.directory })))
        throw new Error('Another browser runs on the profile, and does not die');
      profile.removeStaleLocks();
      const start = await options.prepare();
      if (isClosed) return;
      progress = from;
      const opened = start(listener(() => opened));
      page = opened;
      enterPhase(opened);
    } catch (error) {
      if (!isClosed) options.onSession({ type: 'Failed', message: startFailure(error, options.hasSandbox) });
    } finally {
      isOpening = false;
    }
  }

  function listener(opened: () => WebPage): WebPageListener {
    const tell = (event: PageEvent) => {
      if (page === opened()) handle(event);
    };
    return {
      onEvent: tell,
      onFailure(error) {
        log.info({ err: error }, "WhatsApp's page failed");
        if (!opened().hasBrowser()) return tell({ type: 'Dead', message: startFailure(error, options.hasSandbox) });
        setTimeout(() => tell({ type: 'OpenFailed', disconnect: openFailure(error) }), lastWordFollowsMs);
      },
      onMessage: options.onMessage,
      onAck: options.onAck,
    };
  }

  function openPage(action: string): WebPage {
    if (!page || progress.phase !== 'open') throw new NotConnectedError(action);
    return page;
  }

  return {
    async connect() {
      if (!isClosed && !page && !isOpening) await open(newPage);
    },
    page: () => page,
    openPage,
    see: (state) => handle({ type: 'StateSeen', state }),
    async logout(withinMs) {
      const leaving = openPage('log out');
      const heard = new Promise<void>((resolve) => {
        hearLogout = resolve;
      });
      isLeaving = true; // From here on a page that goes away does what it was asked for.
      try {
        await logOutPage(leaving, heard, withinMs);
      } catch (error) {
        isLeaving = false;
        throw error;
      }
      noteLogout();
    },
    async close(withinMs) {
      isClosed = true;
      endPage(withinMs);
      await settlesWithin(ending, withinMs + 2 * killedWithinMs);
      await killBrowser({ profileDirectory: profile.directory });
    },
  };
}
