import type { Browser, Page } from 'puppeteer';
import type { Client, ClientOptions, Message } from 'whatsapp-web.js';
import whatsAppWeb from 'whatsapp-web.js';
import type { Log } from '../publish/log.ts';
import { toldError } from '../publish/masked-text.ts';
import type { Account } from '../session/session.ts';
import { settlesWithin } from './settles-within.ts';
import { unwantedFlags } from './web-browser-command.ts';
import { pairingCodeFailure } from './web-failure.ts';
import type { PageEvent } from './web-judge-page.ts';
import { isPageGone, PageClosedError } from './web-lost-page.ts';
import { fromWebAddress } from './web-message.ts';
import { answerWithin } from './web-page-unresponsive-error.ts';
import { killBrowser, killedWithinMs } from './web-process-tree.ts';
import { watchLoading } from './web-watch-loading.ts';

/** How a browser is started, and its page paired. */
export interface WebPageOptions {
  readonly log: Log;
  /** Path of a Chromium. */
  readonly executable: string;
  /** How it is told to show no window; `'shell'` for the program that never does. */
  readonly headless: true | 'shell';
  /** Beside those of puppeteer, and stronger. */
  readonly flags: readonly string[];
  /** What the browser calls itself. */
  readonly userAgent: string;
  /** All that the browser gets of the environment. */
  readonly environment: Record<string, string | undefined>;
  /** Where the browser keeps the login; no other may use it meanwhile. */
  readonly profileDirectory: string;
  /** For a proxy that the flags name. */
  readonly proxyCredentials?: { readonly username: string; readonly password: string };
  /** Digits; absent: pair by QR code. */
  readonly pairingPhoneNumber?: string;
}

/** What a page tells, until it is closed. Called synchronously. */
export interface WebPageListener {
  readonly onEvent: (event: PageEvent) => void;
  /** It could not be opened, did not take whatsapp-web.js, or gave no pairing code; the browser may live. */
  readonly onFailure: (error: unknown) => void;
  readonly onMessage: (message: Message) => void;
  readonly onAck: (message: Message, ack: number) => void;
}

/** A browser with WhatsApp's page in it, from its start to its end. */
export interface WebPage {
  readonly client: Client;
  /** Whether its browser has come up. */
  hasBrowser(): boolean;
  /**
   * The state of its connection to WhatsApp. One question at a time: a wedged page collects none.
   * @throws {PageUnresponsiveError} no answer within `withinMs` milliseconds
   * @throws {Error} it has no such state, as its script has not begun
   */
  state(withinMs: number): Promise<string>;
  /** Asks it for another QR code, once it has stopped to give any. Never throws: a page that gives none runs out of time. */
  refreshQr(): void;
  /** Asks it for another code of the kind that it is to be paired by. Never throws: a refusal is a failure of the page. */
  askForCode(): void;
  /**
   * Closes its browser, which writes what it has not written yet, and kills what is left of it after `withinMs`
   * milliseconds; at most 1.5 s later it has ended. Nothing is told any more. Called again it can only bring the end
   * forward. Never throws.
   * @returns whether it closed in order, so that all is written
   */
  close(withinMs: number): Promise<boolean>;
}

/** For the browser's first answer: 30 s is puppeteer's own, and enough for a machine that starts many. */
const browserStartsWithinMs = 30_000;
/** The longest that any question to the browser stays open; a wedged page is noticed long before by those who ask. */
const protocolTimeoutMs = 75_000; // A file of 16 MiB may take a minute.
/** From the page's loading until its script has begun. */
const scriptStartsWithinMs = 30_000;

/** Starts a browser on the profile, opens WhatsApp's page in it, and puts an unmodified whatsapp-web.js on it. */
export function openWebPage(options: WebPageOptions, listener: WebPageListener): WebPage {
  const { log } = options;
  const startedAtMs = Date.now();
  let isClosing = false;
  let asked: Promise<string> | undefined;
  let inOrder: Promise<boolean> | undefined;
  let watched: Page | undefined;
  const heard =
    <T extends unknown[]>(hear: (...words: T) => void) =>
    (...words: T) => {
      if (!isClosing) hear(...words);
    };
  const tell = heard(listener.onEvent);
  const fail = heard(listener.onFailure);

  const client: Client = new whatsAppWeb.Client({
    ...clientOptions(options),
    // The one that keeps nothing and erases nothing: the profile is Berth's own affair.
    authStrategy: Object.assign(new whatsAppWeb.NoAuth(), {
      beforeBrowserInitialized: async () => {
        if (isClosing) throw new PageClosedError();
      },
      afterBrowserInitialized: async () => watchBrowser(),
      onAuthenticationNeeded: async () => {
        tell({ type: 'PairingNeeded' });
        return { failed: false, restart: false, failureEventPayload: undefined };
      },
    }),
  });

  /** Called before the page is loaded, and by whatsapp-web.js again after a logout. */
  async function watchBrowser(): Promise<void> {
    const { pupPage: page, pupBrowser: browser } = client;
    if (!page || !browser || watched === page) return;
    watched = page;
    log.debug({ tookMs: Date.now() - startedAtMs }, 'Browser started');
    page.on('load', () => log.debug({ tookMs: Date.now() - startedAtMs }, 'Page loaded'));
    page.on('requestfailed', (request) => {
      log.debug({ what: request.resourceType(), because: request.failure()?.errorText }, 'Request of the page failed');
    });
    watchLoading(page, fail);
    listenToBrowser(browser, page, tell);
    await hearPage(page, tell, fail);
  }

  client.on('qr', (qr) => tell({ type: 'QrGiven', qr }));
  client.on('code', (code) => tell({ type: 'PairingCodeGiven', code }));
  client.on('ready', () => tell({ type: 'Ready', account: accountOf(client) }));
  client.on('change_state', (state) => tell({ type: 'StateSeen', state }));
  client.on('disconnected', (reason) => tell({ type: 'Disconnected', reason }));
  client.on('message', heard(listener.onMessage));
  client.on('message_ack', heard(listener.onAck));
  // It is begun by whatsapp-web.js, which does not wait for it.
  const requestPairingCode = client.requestPairingCode.bind(client);
  client.requestPairingCode = async (...request) => {
    try {
      return await requestPairingCode(...request);
    } catch (error) {
      fail(pairingCodeFailure(error));
      return '';
    }
  };
  const opened = client.initialize().catch(fail);

  const hasBrowser = () => Boolean(client.pupBrowser);
  const closedInOrder = async () => {
    try {
      await Promise.all([client.destroy(), ended(client)]);
      return hasBrowser();
    } catch (error) {
      log.warn({ err: error }, 'The browser did not close in order');
      return false;
    }
  };

  function refreshQr(): void {
    // whatsapp-web.js would do it, but calls it in Node, where it fails with "window is not defined". Of a page that cannot
    // do it the time runs out.
    client.pupPage?.evaluate("window.require('WAWebCmd').Cmd.refreshQR()").catch(() => {});
  }

  return {
    client,
    hasBrowser,
    async state(withinMs) {
      asked ??= client.getState().finally(() => {
        asked = undefined;
      });
      return await answerWithin(asked, withinMs, "ask WhatsApp's page");
    },
    refreshQr,
    askForCode() {
      if (options.pairingPhoneNumber === undefined) refreshQr();
      else void client.requestPairingCode(options.pairingPhoneNumber);
    },
    async close(withinMs) {
      isClosing = true;
      inOrder ??= closedInOrder();
      const isInOrder = (await settlesWithin(inOrder, withinMs)) && (await inOrder);
      const browser = { profileDirectory: options.profileDirectory, pid: client.pupBrowser?.process()?.pid };
      await killBrowser(browser);
      // One that was just being started is killed as soon as it is there.
      if (!(await settlesWithin(opened, killedWithinMs))) await killBrowser(browser);
      return isInOrder;
    },
  };
}

/** Tells of the end of a browser or its page, and of a page that has gone elsewhere. */
function listenToBrowser(browser: Browser, page: Page, tell: WebPageListener['onEvent']): void {
  // puppeteer stops listening once it has closed the pipes; what was in them unread as the browser ended is their error.
  for (const pipe of browser.process()?.stdio ?? []) pipe?.on('error', () => {});
  browser.on('disconnected', () => tell({ type: 'Dead', message: 'The browser ended' }));
  page.on('error', (error) => tell({ type: 'Dead', message: `WhatsApp's page crashed: ${toldError(error)}` }));
  page.on('close', () => tell({ type: 'Dead', message: "WhatsApp's page was closed in its browser" }));
  page.on('framenavigated', (frame) => {
    // Where the page goes without its login, also while it is opened, when whatsapp-web.js does not look yet.
    if (frame !== page.mainFrame() || !frame.url().includes('post_logout=1')) return;
    tell({ type: 'Disconnected', reason: 'LOGOUT' });
  });
  let wasLoaded = false;
  page.on('domcontentloaded', () => {
    if (wasLoaded) tell({ type: 'Reloaded' });
    wasLoaded = true;
  });
}

/**
 * Hears what whatsapp-web.js (1.34.7, src/Client.js, inject()) keeps to itself in the functions that it gives to the page.
 * - Each state of the connection until it is ready: a page that is asked each second has lost its connection and got
 *   another one in between. Its own function does nothing but fail, and a name that is taken it leaves alone.
 * - Why it does not get ready: it does that in a function which the page calls, so that its failure goes back into the page.
 */
async function hearPage(page: Page, tell: WebPageListener['onEvent'], fail: (error: unknown) => void): Promise<void> {
  const expose = page.exposeFunction.bind(page);
  await expose('onAuthAppStateChangedEvent', (state: string) => tell({ type: 'StateSeen', state }));
  page.exposeFunction = (name, work) => {
    if (name !== 'onAppStateHasSyncedEvent' || typeof work !== 'function') return expose(name, work);
    return expose(name, async (...words: unknown[]) => {
      try {
        return (await work(...words)) as unknown;
      } catch (error) {
        if (!isPageGone(error)) fail(error); // A page that was loaded anew begins anew.
        throw error;
      }
    });
  };
}

function clientOptions(options: WebPageOptions): ClientOptions {
  const {
    executable,
    headless,
    flags,
    userAgent,
    environment,
    profileDirectory,
    proxyCredentials,
    pairingPhoneNumber,
  } = options;
  return {
    webVersionCache: { type: 'none' }, // The default writes into the working directory, and never gets ready where it cannot.
    authTimeoutMs: scriptStartsWithinMs,
    qrMaxRetries: 0, // Who waits for how long is the operator's affair.
    userAgent,
    ...(proxyCredentials ? { proxyAuthentication: proxyCredentials } : {}),
    ...(pairingPhoneNumber === undefined ? {} : { pairWithPhoneNumber: { phoneNumber: pairingPhoneNumber } }),
    puppeteer: {
      executablePath: executable,
      headless,
      args: [...flags],
      ignoreDefaultArgs: unwantedFlags,
      userDataDir: profileDirectory,
      env: environment,
      pipe: true, // No port that others in the pod could reach.
      // Its own handlers would kill the browser unflushed, and leave the process running.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: browserStartsWithinMs,
      protocolTimeout: protocolTimeoutMs,
    },
  };
}

/** Resolves when the browser's first process is gone: closing may have been begun by whatsapp-web.js, which does not wait. */
async function ended({ pupBrowser }: Client): Promise<void> {
  const browser = pupBrowser?.process();
  if (!browser || browser.exitCode !== null || browser.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    browser.once('exit', () => resolve());
  });
}

function accountOf({ info }: Client): Account | undefined {
  const id = info?.wid?._serialized;
  if (!id) return undefined;
  return { id: fromWebAddress(id), ...(info.pushname ? { pushName: info.pushname } : {}) };
}
