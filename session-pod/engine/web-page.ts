import type { Page } from 'puppeteer';
import type { Client, ClientOptions, Message } from 'whatsapp-web.js';
import whatsAppWeb from 'whatsapp-web.js';
import type { Log } from '../publish/log.ts';
import { masked } from '../publish/masked-text.ts';
import type { Account } from '../session/session.ts';
import { settlesWithin } from './settles-within.ts';
import { answerWithin } from './web-answer.ts';
import { unwantedFlags } from './web-browser-command.ts';
import { pairingCodeFailure } from './web-failure.ts';
import { fromWebAddress } from './web-message.ts';
import { watchLoading } from './web-page-loading.ts';
import type { PageEvent } from './web-phase.ts';
import { killBrowser } from './web-process-tree.ts';

export interface WebPageOptions {
  readonly log: Log;
  readonly executable: string;
  readonly headless: true | 'shell';
  readonly flags: readonly string[];
  readonly userAgent: string;
  readonly environment: Record<string, string | undefined>;
  readonly profileDirectory: string;
  readonly proxyCredentials?: { readonly username: string; readonly password: string };
  /** Digits; absent: pair by QR code. */
  readonly pairingPhoneNumber?: string;
}

/** What a page tells, until it is closed. Called synchronously. */
export interface WebPageListener {
  readonly onEvent: (event: PageEvent) => void;
  /** It could not be opened, or gave no pairing code; the browser may live. */
  readonly onFailure: (error: unknown) => void;
  readonly onMessage: (message: Message) => void;
  readonly onAck: (message: Message, ack: number) => void;
}

/** A browser with WhatsApp's page in it, from its start to its end. */
export interface WebPage {
  readonly client: Client;
  /** Whether its browser has come up. */
  hasBrowser(): boolean;
  /** The state of its connection to WhatsApp. One question at a time: a wedged page collects none. */
  state(withinMs: number): Promise<string>;
  /** Asks it for another QR code, once it has stopped to give any. */
  refreshQr(): Promise<void>;
  /**
   * Closes its browser, which writes what it has not written yet, and kills what is left of it after `withinMs`. Nothing
   * is told any more. Called again it can only bring the end forward. Never throws.
   * @returns whether it closed in order
   */
  close(withinMs: number): Promise<boolean>;
}

/** For the browser's first answer: 30 s is puppeteer's own, and enough for a machine that starts many. */
const browserStartsWithinMs = 30_000;
/** The longest that any question to the browser stays open; a wedged page is noticed long before by those who ask. */
const protocolTimeoutMs = 75_000; // A file of 16 MiB may take a minute.
/** From the page's loading until its script has begun. */
const scriptStartsWithinMs = 30_000;
/** Milliseconds for killed processes to be gone. */
const killedWithinMs = 500;

/** Starts a browser on the profile, opens WhatsApp's page in it, and puts an unmodified whatsapp-web.js on it. */
export function openWebPage(options: WebPageOptions, listener: WebPageListener): WebPage {
  const { log } = options;
  const startedAtMs = Date.now();
  let isClosing = false;
  let isReady = false;
  let asked: Promise<string> | undefined;
  let graceful: Promise<unknown> | undefined;
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
        if (isClosing) throw new Error('The page was closed before its browser was started');
      },
      afterBrowserInitialized: async () => watchBrowser(),
      onAuthenticationNeeded: async () => {
        tell({ type: 'PairingNeeded' });
        return { failed: false, restart: false, failureEventPayload: undefined };
      },
    }),
  });

  /** Called before the page is loaded, and by whatsapp-web.js again after a logout. */
  function watchBrowser(): void {
    const { pupPage: page, pupBrowser: browser } = client;
    if (!page || !browser || watched === page) return;
    watched = page;
    log.debug({ tookMs: Date.now() - startedAtMs }, 'Browser started');
    page.on('load', () => log.debug({ tookMs: Date.now() - startedAtMs }, 'Page loaded'));
    page.on('requestfailed', (request) => {
      log.debug({ what: request.resourceType(), because: request.failure()?.errorText }, 'Request of the page failed');
    });
    // puppeteer stops listening once it has closed the pipes; what was in them unread as the browser ended is their error.
    for (const pipe of browser.process()?.stdio ?? []) pipe?.on('error', () => {});
    browser.on('disconnected', () => tell({ type: 'Dead', message: 'The browser ended' }));
    page.on('error', (error) => tell({ type: 'Dead', message: `WhatsApp's page crashed: ${masked(error.message)}` }));
    watchLoading(page, fail);
    page.on('close', () => tell({ type: 'Dead', message: "WhatsApp's page was closed in its browser" }));
    page.on('framenavigated', (frame) => {
      // Where the page goes without its login, also while it is opened, when whatsapp-web.js does not look yet.
      if (frame !== page.mainFrame() || !frame.url().includes('post_logout=1')) return;
      tell({ type: 'Disconnected', reason: 'LOGOUT' });
    });
    page.on('domcontentloaded', () => {
      if (isReady) tell({ type: 'Reloaded' });
      isReady = false;
    });
  }

  client.on('qr', (qr) => tell({ type: 'QrGiven', qr }));
  client.on('code', (code) => tell({ type: 'PairingCodeGiven', code }));
  client.on('ready', () => {
    isReady = true;
    tell({ type: 'Ready', account: accountOf(client) });
  });
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

  return {
    client,
    hasBrowser: () => client.pupBrowser !== undefined && client.pupBrowser !== null,
    async state(withinMs) {
      asked ??= client.getState().finally(() => {
        asked = undefined;
      });
      return await answerWithin(asked, withinMs, "ask WhatsApp's page");
    },
    async refreshQr() {
      await client.pupPage?.evaluate(
        // Runs in the page: the module of WhatsApp that whatsapp-web.js would call, had it not called it in Node.
        "window.require('WAWebCmd').Cmd.refreshQR()",
      );
    },
    async close(withinMs) {
      isClosing = true;
      graceful ??= Promise.all([client.destroy(), ended(client)]);
      const isGraceful =
        (await settlesWithin(graceful, withinMs)) && client.pupBrowser !== undefined && client.pupBrowser !== null;
      const browser = { profileDirectory: options.profileDirectory, pid: client.pupBrowser?.process()?.pid };
      await killBrowser(browser, killedWithinMs);
      // One that was just being started is killed as soon as it is there.
      if (!(await settlesWithin(opened, killedWithinMs))) await killBrowser(browser, killedWithinMs);
      return isGraceful;
    },
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
