import type { PageEvent } from '@berth/session-pod/engine/web-judge-page.ts';
import type { WebPage, WebPageListener } from '@berth/session-pod/engine/web-page.ts';
import type { PageKeeper } from '@berth/session-pod/engine/web-page-keeper.ts';
import { createPageKeeper } from '@berth/session-pod/engine/web-page-keeper.ts';
import { PageUnresponsiveError } from '@berth/session-pod/engine/web-page-unresponsive-error.ts';
import type { BrowserProfile } from '@berth/session-pod/storage/browser-profile.ts';
import { openBrowserProfile } from '@berth/session-pod/storage/browser-profile.ts';
import { afterEach, beforeEach, vi } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { silentLog } from '../silent-log.ts';

/** A page without a browser: a test says what it tells, and what it answers. */
export class ScriptedPage {
  readonly listener: WebPageListener;
  readonly #words: string[];
  /** What it answers when it is asked for its state; undefined: nothing. */
  stateNow: string | undefined = 'OPENING';
  /** What becomes of a logout. */
  logout: () => Promise<void> = () => new Promise(() => {});
  hasBrowser = true;
  /** Whether it closes as soon as it is asked to. */
  closes = true;
  #closed: (isInOrder: boolean) => void = () => {};

  constructor(listener: WebPageListener, words: string[]) {
    this.listener = listener;
    this.#words = words;
  }

  tell(...events: readonly (PageEvent | string)[]): void {
    for (const event of events) {
      this.listener.onEvent(typeof event === 'string' ? { type: 'StateSeen', state: event } : event);
    }
  }

  /** Its browser is gone. */
  end(): void {
    this.#words.push('browser ended');
    this.#closed(true);
  }

  asWebPage(): WebPage {
    return {
      client: { logout: () => this.logout() } as WebPage['client'],
      hasBrowser: () => this.hasBrowser,
      state: async (withinMs) => {
        if (this.stateNow !== undefined) return this.stateNow;
        throw new PageUnresponsiveError('ask', withinMs);
      },
      refreshQr: () => void this.#words.push('QR code refreshed'),
      askForCode: () => void this.#words.push('code asked for'),
      close: (withinMs) => {
        this.#words.push(`closing within ${withinMs} ms`);
        const closed = new Promise<boolean>((resolve) => {
          this.#closed = resolve;
        });
        if (this.closes) this.end();
        return closed;
      },
    };
  }
}

interface AKeeper {
  readonly keeper: PageKeeper;
  readonly profile: BrowserProfile;
  /** All that was told and done, as short words, oldest first. */
  readonly words: string[];
  /** Every page that was opened, oldest first. */
  readonly pages: readonly ScriptedPage[];
  /** The page that was opened last. @throws {Error} there is none */
  readonly page: () => ScriptedPage;
}

interface Given {
  readonly isPaired?: boolean;
  readonly isPairedByQr?: boolean;
  /** Takes the place of what the profile does. */
  readonly profile?: Partial<BrowserProfile>;
  /** Takes the place of a start that succeeds. */
  readonly prepare?: () => Promise<void>;
}

/** Keepers of scripted pages, each on a profile of its own, in a time that passes when a test says so. */
export function usePageKeeper() {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  return function aKeeper(given: Given = {}): AKeeper {
    const { isPaired = false, isPairedByQr = true, prepare = async () => {} } = given;
    const profile = { ...openBrowserProfile(aTemporaryDirectory()), ...given.profile };
    if (isPaired) profile.notePairing(Date.now());
    const words: string[] = [];
    const pages: ScriptedPage[] = [];
    const keeper = createPageKeeper({
      profile: {
        ...profile,
        notePairing(nowMs) {
          words.push('pairing noted');
          profile.notePairing(nowMs);
        },
        noteLogout(nowMs) {
          words.push('logout noted');
          profile.noteLogout(nowMs);
        },
      },
      log: silentLog,
      isPairedByQr,
      hasSandbox: false,
      prepare: async () => {
        await prepare();
        return (listener) => {
          const page = new ScriptedPage(listener, words);
          pages.push(page);
          words.push('browser started');
          return page.asWebPage();
        };
      },
      onSession: (event) =>
        words.push(event.type === 'Closed' || event.type === 'Failed' ? `${event.type}: ${event.message}` : event.type),
      onPairing: () => words.push('new device'),
      onReady: () => words.push('catching up'),
      onMessage: () => {},
      onAck: () => {},
    });
    const page = () => {
      const last = pages.at(-1);
      if (!last) throw new Error('Cannot give the page: none was opened; connect first');
      return last;
    };
    return { keeper, profile, words, pages, page };
  };
}
