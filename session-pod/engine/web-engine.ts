import type { Message } from 'whatsapp-web.js';
import type { Log } from '../publish/log.ts';
import type { BrowserProfile } from '../storage/browser-profile.ts';
import { openPassedMessages } from '../storage/passed-messages.ts';
import type { Engine, EngineListener, InboundMessage } from './engine.ts';
import { NotConnectedError } from './not-connected-error.ts';
import type { BrowserSettings } from './web-browser-command.ts';
import { browserEnvironment, browserFlags, headlessMode } from './web-browser-command.ts';
import { browserUserAgent } from './web-browser-version.ts';
import { readMedia } from './web-media.ts';
import type { WebMediaData } from './web-message.ts';
import { ackLevel, readMessage } from './web-message.ts';
import { unreadMessages } from './web-missed-messages.ts';
import type { WebPage, WebPageOptions } from './web-page.ts';
import { openWebPage } from './web-page.ts';
import { createPageKeeper } from './web-page-keeper.ts';
import { withPhoneAddresses } from './web-phone-address.ts';
import { readProxyUrl } from './web-proxy.ts';
import { mediaContent, sendByPage } from './web-sending.ts';

export interface WebEngineOptions {
  readonly profile: BrowserProfile;
  readonly listener: EngineListener;
  readonly log: Log;
  readonly browser: BrowserSettings;
  /** Digits; absent: pair by QR code. */
  readonly pairingPhoneNumber?: string;
  /** Checked before; absent: none. */
  readonly proxyUrl?: string;
}

/** The page is asked whether it lives, and is taken for wedged when it has not answered after this time. */
const livenessWithinMs = 5_000;

/**
 * An unmodified whatsapp-web.js in a Chromium on a profile of its own.
 *
 * A page that loses its connection gets it back by itself, which WhatsApp's script does better than a new page, so its
 * loss is told as `Closed` and its return as `Opened`. The `connect()` that a `Closed` leads to leaves such a page alone;
 * one that is not back after 45 s is given up, which is told by another `Closed`, and then `connect()` opens a new one.
 *
 * A page that does not answer is `Failed` after 30 s as long as it is not open. While it is, `probe()` fails, and it is
 * the operator who ends the run: it may have been told not to.
 *
 * At the first pairing the browser is closed and opened again before `Opened` is told. Chromium writes what a page stores
 * seconds later: killed 0, 1, 2 and 4 s after the login it came back without one, each time (12 of 12). With
 * --enable-aggressive-domstorage-flushing that is 1 s, of local storage alone; leaving the page for about:blank writes
 * nothing. Closing writes all of it, whatever storage the page uses, and the second start proves that it is there: 24 of
 * 24 came back. It costs the start of a browser, once, and the time of that flag, since a whole Chromium on a busy machine
 * was seen to close without writing (1 of 60): it has its storage in a process of its own.
 */
export function createWebEngine(options: WebEngineOptions): Engine {
  const { profile, listener, log, browser, pairingPhoneNumber } = options;
  const passed = openPassedMessages(profile.messagesFile, profile.pairedAtMs() ?? Date.now(), log);
  const pageOptions = readPageOptions(options);
  const ownUserAgent = browserUserAgent(browser.executable, pageOptions.environment);
  ownUserAgent.catch(() => {}); // Told when it is needed.
  let passing: Promise<void> = Promise.resolve();
  let isClosed = false;

  const keeper = createPageKeeper({
    profile,
    log,
    prepare: async () => {
      const version = await ownUserAgent; // Asked for in any case: a program that cannot be run says why.
      const ready = { ...pageOptions, userAgent: browser.userAgent ?? version };
      return (pageListener) => openWebPage(ready, pageListener);
    },
    onSession: (event) => listener.onSession(event),
    onPairing: () => passed.beginAt(Date.now()),
    onReady: (page) => void catchUp(page),
    onMessage: (message) => void passOn(message),
    onAck({ id }, ack) {
      const level = ackLevel(ack);
      if (id.fromMe && level) listener.onAck({ id: id.id, level });
    },
    isPairedByQr: pairingPhoneNumber === undefined,
    hasSandbox: browser.hasSandbox,
  });

  /** One after the other, in the order in which they came: the page is asked who wrote them. */
  function passOn(message: Message, isWanted = (_told: InboundMessage) => true): Promise<void> {
    const { _data: media = {} } = message as Message & { readonly _data?: WebMediaData };
    const told = readMessage(message, media, (id) => readMedia(id, keeper.page()));
    if (told) passing = passOnAfter(passing, told, isWanted);
    return passing;
  }

  async function passOnAfter(
    others: Promise<void>,
    told: InboundMessage,
    isWanted: (told: InboundMessage) => boolean,
  ): Promise<void> {
    await others;
    if (isClosed || !isWanted(told)) return;
    const addressed = await withPhoneAddresses(told, keeper.page());
    if (!isClosed && passed.isNew(told.id, told.sentAtMs)) listener.onMessage(addressed);
  }

  async function catchUp(page: WebPage): Promise<void> {
    const wasMissed = passed.wasMissed();
    try {
      for await (const messages of unreadMessages(page, log)) {
        if (keeper.page() !== page) return;
        for (const message of messages) await passOn(message, ({ id, sentAtMs }) => wasMissed(id, sentAtMs));
      }
    } catch (error) {
      log.warn({ err: error }, 'What arrived meanwhile cannot be read');
    }
  }

  return {
    connect: () => keeper.connect(),
    async sendText(to, text) {
      return sendByPage(keeper.openPage('send a message').client, to, { content: text, options: {} });
    },
    async sendMedia(to, media, caption) {
      return sendByPage(keeper.openPage('send a message').client, to, mediaContent(media, caption));
    },
    async probe() {
      const state = await keeper.openPage('reach WhatsApp').state(livenessWithinMs);
      if (state === 'CONNECTED') return;
      keeper.see(state); // Its own event for that did not come.
      throw new NotConnectedError('reach WhatsApp');
    },
    logout: (withinMs) => keeper.logout(withinMs),
    async close(withinMs) {
      isClosed = true;
      passed.flush();
      await keeper.close(withinMs);
    },
  };
}

function readPageOptions({
  profile,
  log,
  browser,
  pairingPhoneNumber,
  proxyUrl,
}: WebEngineOptions): Omit<WebPageOptions, 'userAgent'> {
  const proxy = proxyUrl === undefined ? undefined : readProxyUrl(proxyUrl);
  return {
    log,
    executable: browser.executable,
    headless: headlessMode(browser.executable),
    flags: browserFlags(browser, proxy),
    environment: browserEnvironment(process.env),
    profileDirectory: profile.directory,
    ...(proxy?.credentials ? { proxyCredentials: proxy.credentials } : {}),
    ...(pairingPhoneNumber === undefined ? {} : { pairingPhoneNumber }),
  };
}
