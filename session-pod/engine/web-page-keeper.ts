import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../publish/log.ts';
import { masked } from '../publish/masked-text.ts';
import type { BrowserProfile } from '../storage/browser-profile.ts';
import type { EngineListener } from './engine.ts';
import { LogoutUnconfirmedError } from './logout-unconfirmed-error.ts';
import { NotConnectedError } from './not-connected-error.ts';
import { settlesWithin } from './settles-within.ts';
import { answerWithin, PageUnresponsiveError } from './web-answer.ts';
import { openFailure, startFailure } from './web-failure.ts';
import type { WebPage, WebPageListener } from './web-page.ts';
import type { PageEffect, PageEvent, PageProgress } from './web-phase.ts';
import { judgePage, newPage, phaseLimitMs, reopenedPage } from './web-phase.ts';
import { killBrowser } from './web-process-tree.ts';
import { watchPage } from './web-watch.ts';

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
  /** Opens a page, unless there is one already. */
  connect(): Promise<void>;
  /** The page there is, open or not. */
  page(): WebPage | undefined;
  /** @param action completes "Cannot …" @throws {NotConnectedError} the page is not open */
  openPage(action: string): WebPage;
  /** Tells it the state of the page's connection, as it was found. */
  see(state: string): void;
  /** @throws {NotConnectedError | LogoutUnconfirmedError} as the engine's */
  logout(withinMs: number): Promise<void>;
  close(withinMs: number): Promise<void>;
}

/** For a browser that is given up: it has nothing of value that is not on the disk. */
const givenUpWithinMs = 2_000;
/** For the browser that holds a login which is nowhere else yet; 0.2 s is usual. */
const flushedWithinMs = 10_000;
/** Until then Chromium has begun to write what a page has stored, with --enable-aggressive-domstorage-flushing. */
const writtenAfterMs = 1_500;
/** Milliseconds for processes that were killed to be gone. */
const killedWithinMs = 500;
/** Milliseconds from the failure of the page's script until the page has told that it lost its login. */
const lastWordFollowsMs = 500;

/** Keeps a page going: does what `judgePage()` makes of its events, and sees that it answers and gets on in time. */
export function createPageKeeper(options: PageKeeperOptions): PageKeeper {
  const { profile, log } = options;
  let page: WebPage | undefined;
  let progress: PageProgress = newPage;
  let limit: NodeJS.Timeout | undefined;
  let watch: ReturnType<typeof watchPage> | undefined;
  /** The end of the last browser: no other may start on its profile before. */
  let ending: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  let isLeaving = false;
  let hearLogout: (() => void) | undefined;

  function handle(event: PageEvent): void {
    if (!page || isClosed || (isLeaving && event.type !== 'Disconnected')) return;
    const before = progress;
    const verdict = judgePage(before, event, profile.pairedAtMs() !== undefined);
    progress = verdict.progress;
    if (progress.phase !== before.phase) enterPhase();
    for (const effect of verdict.effects) perform(effect);
  }

  function enterPhase(): void {
    stopTimers();
    const limitMs = phaseLimitMs[progress.phase];
    if (limitMs !== undefined) limit = setTimeout(() => handle({ type: 'TimeUp' }), limitMs);
    const watched = page;
    if (progress.phase === 'open' || !watched) return;
    watch = watchPage({
      ask: (withinMs) => watched.state(withinMs),
      onState: (state) => handle({ type: 'StateSeen', state }),
      onUnresponsive: (forMs) => {
        const seconds = Math.round(forMs / 1_000);
        handle({ type: 'Dead', message: `WhatsApp's page or its browser has not answered for ${seconds} s` });
      },
    });
  }

  function stopTimers(): void {
    clearTimeout(limit);
    watch?.stop();
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
        void reopen();
        return;
      case 'NotePairing':
        keep(() => profile.notePairing(Date.now()));
        return;
      case 'NoteLogout':
        keep(() => profile.noteLogout(Date.now()));
        hearLogout?.();
        return;
      case 'CatchUp':
        if (page) options.onReady(page);
        return;
      case 'RefreshQr':
        if (options.isPairedByQr) page?.refreshQr().catch(() => {});
        return;
    }
  }

  function keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      log.error({ err: error }, 'The state of the login cannot be noted');
      options.onSession({ type: 'Failed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  function endPage(withinMs: number): void {
    const last = page;
    page = undefined;
    stopTimers();
    if (last) ending = last.close(withinMs);
  }

  async function reopen(): Promise<void> {
    const opened = page;
    await sleep(writtenAfterMs);
    if (page !== opened) return;
    const startedAtMs = Date.now();
    endPage(flushedWithinMs);
    const isFlushed = await ending;
    log.info({ isFlushed, tookMs: Date.now() - startedAtMs }, 'Browser is opened again, now that it has a login');
    await open(reopenedPage);
  }

  async function open(from: PageProgress): Promise<void> {
    try {
      // What a dead process of the same container left: the volume's lock proves that nobody uses it.
      if (!(await killBrowser({ profileDirectory: profile.directory }, killedWithinMs)))
        throw new Error('Another browser runs on the profile, and does not die');
      profile.removeStaleLocks();
      const start = await options.prepare();
      if (isClosed || page) return;
      progress = from;
      const opened = start(listener(() => opened));
      page = opened;
      enterPhase();
    } catch (error) {
      if (!isClosed) options.onSession({ type: 'Failed', message: startFailure(error, options.hasSandbox) });
    }
  }

  function listener(opened: () => WebPage): WebPageListener {
    return {
      onEvent: handle,
      onFailure(error) {
        log.info({ err: error }, "WhatsApp's page failed");
        if (!opened().hasBrowser()) {
          handle({ type: 'Dead', message: startFailure(error, options.hasSandbox) });
          return;
        }
        setTimeout(() => {
          if (page === opened()) handle({ type: 'OpenFailed', disconnect: openFailure(error) });
        }, lastWordFollowsMs);
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
      if (isClosed || page) return;
      await ending;
      if (!isClosed && !page) await open(newPage);
    },
    page: () => page,
    openPage,
    see: (state) => handle({ type: 'StateSeen', state }),
    async logout(withinMs) {
      const { client } = openPage('log out');
      isLeaving = true;
      const heard = new Promise<void>((resolve) => {
        hearLogout = resolve;
      });
      // The page may go away before it has answered, since it has done what it was asked for.
      const answered = client.logout().catch(async (error: unknown) => {
        if (!(await settlesWithin(heard, lastWordFollowsMs))) throw error;
      });
      try {
        await answerWithin(Promise.race([answered, heard]), withinMs, 'log out');
      } catch (cause) {
        isLeaving = false;
        throw new LogoutUnconfirmedError(whyUnconfirmed(cause, withinMs), { cause });
      }
      keep(() => profile.noteLogout(Date.now()));
    },
    async close(withinMs) {
      isClosed = true;
      endPage(withinMs);
      await settlesWithin(ending, withinMs + 2 * killedWithinMs);
      await killBrowser({ profileDirectory: profile.directory }, killedWithinMs);
    },
  };
}

function whyUnconfirmed(cause: unknown, withinMs: number): string {
  if (cause instanceof PageUnresponsiveError) return `no answer within ${withinMs} ms`;
  return masked((cause instanceof Error ? cause.message : String(cause)).slice(0, 200));
}
