import { BerthError } from '@berth/protocol';
import type { Log } from '../publish/log.ts';
import { openBrowserProfile } from '../storage/browser-profile.ts';
import { openCredentialStore } from '../storage/credential-store.ts';
import type { Engine, EngineListener } from './engine.ts';
import type { EngineName } from './engine-name.ts';
import type { BrowserSettings } from './web-browser-command.ts';

/** What the engines are told by the pod's configuration; each takes what concerns it. */
export interface EngineSettings {
  readonly engine: EngineName;
  readonly dataDirectory: string;
  /** Digits; absent: pair by QR code. */
  readonly pairingPhoneNumber?: string;
  /** It may hold a password: never log it. */
  readonly proxyUrl?: string;
  /** Of Baileys; absent: the real WhatsApp. */
  readonly whatsAppWebSocketUrl?: string;
  readonly whatsAppRootPublicKey?: string;
  readonly browser: BrowserSettings;
}

/** An engine that is ready to be created, on the login that it keeps on the volume. */
export interface LoadedEngine {
  /** @throws {CredentialsCorruptError} what is stored is not the engine's login */
  readonly create: (listener: EngineListener) => Engine;
  /** Milliseconds that it may take to close in order, where the stop leaves as much. */
  readonly closeWithinMs: number;
  /** Whether a rejection that nobody handled is part of losing a connection, and told by the engine's events as well. */
  isLostConnection(error: unknown): boolean;
  /**
   * Lets go of the login, once the engine is closed.
   * @param isLoggedOut erase it before: only after a logout that WhatsApp confirmed
   */
  closeLogin(isLoggedOut: boolean): Promise<void> | void;
}

/** The image does not hold the packages of the engine that it is to run. */
export class EngineMissingError extends BerthError {
  readonly code = 'ENGINE_MISSING';
  readonly retryable = false;
  constructor(engine: EngineName, options: { cause: unknown }) {
    super(`Cannot load the engine "${engine}": this image does not hold it; use the image of that engine`, options);
  }
}

/**
 * Opens an engine's login and loads its packages, by name: each image holds those of one engine alone. Call it only while
 * holding the volume's lock.
 * @throws {EngineMissingError} the image is another engine's
 * @throws {CredentialsCorruptError | CredentialStoreError | VolumeUnusableError} the login cannot be opened
 */
export async function loadEngine(settings: EngineSettings, log: Log): Promise<LoadedEngine> {
  try {
    return settings.engine === 'Baileys' ? await loadBaileys(settings, log) : await loadWhatsAppWeb(settings, log);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      throw new EngineMissingError(settings.engine, { cause: error });
    throw error;
  }
}

async function loadBaileys(settings: EngineSettings, log: Log): Promise<LoadedEngine> {
  const store = openCredentialStore(settings.dataDirectory);
  const { createBaileysEngine } = await import('./baileys-engine.ts');
  const { isLostConnection } = await import('./baileys-disconnect.ts');
  const { pairingPhoneNumber, proxyUrl, whatsAppWebSocketUrl, whatsAppRootPublicKey } = settings;
  return {
    create: (listener) =>
      createBaileysEngine({
        store,
        listener,
        log,
        ...(pairingPhoneNumber === undefined ? {} : { pairingPhoneNumber }),
        ...(proxyUrl === undefined ? {} : { proxyUrl }),
        ...(whatsAppWebSocketUrl === undefined ? {} : { webSocketUrl: whatsAppWebSocketUrl }),
        ...(whatsAppRootPublicKey === undefined ? {} : { rootPublicKey: whatsAppRootPublicKey }),
      }),
    closeWithinMs: 1_000,
    isLostConnection,
    closeLogin(isLoggedOut) {
      // In one turn of the event loop, so that the engine cannot write back in between what was erased.
      try {
        if (isLoggedOut) store.eraseAfterLogout(Date.now(), log);
      } finally {
        store.close();
      }
    },
  };
}

async function loadWhatsAppWeb(settings: EngineSettings, log: Log): Promise<LoadedEngine> {
  const profile = openBrowserProfile(settings.dataDirectory);
  const { createWebEngine } = await import('./web-engine.ts');
  const { isLostPage } = await import('./web-lost-page.ts');
  const { browser, pairingPhoneNumber, proxyUrl } = settings;
  return {
    create: (listener) =>
      createWebEngine({
        profile,
        listener,
        log,
        browser,
        ...(pairingPhoneNumber === undefined ? {} : { pairingPhoneNumber }),
        ...(proxyUrl === undefined ? {} : { proxyUrl }),
      }),
    closeWithinMs: Number.POSITIVE_INFINITY, // Chromium writes its profile as it closes: no stop is too long for that.
    isLostConnection: isLostPage,
    async closeLogin(isLoggedOut) {
      if (isLoggedOut) await profile.eraseAfterLogout(Date.now());
    },
  };
}
