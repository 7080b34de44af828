import type { IncomingMessage } from 'node:http';
import type { AnyMessageContent, WASocket } from '@whiskeysockets/baileys';
import { jidNormalizedUser, makeWASocket, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import type { Log } from '../publish/log.ts';
import type { Account } from '../session/session.ts';
import type { CredentialStore } from '../storage/credential-store.ts';
import { CredentialsCorruptError } from '../storage/credential-store.ts';
import { hearAcks } from './baileys-acks.ts';
import type { BaileysAuthState } from './baileys-auth-state.ts';
import { baileysAuthState } from './baileys-auth-state.ts';
import { mediaContent } from './baileys-content.ts';
import { readDisconnect } from './baileys-disconnect.ts';
import { baileysLog } from './baileys-log.ts';
import { downloadMedia, type StoredFile } from './baileys-media.ts';
import { readMessage } from './baileys-message.ts';
import { referenceLivesMs, requestPairingCode } from './baileys-pairing-code.ts';
import { type ProxyRoutes, proxyRoutes } from './baileys-proxy.ts';
import { unlink } from './baileys-unlink.ts';
import type { Engine, EngineListener } from './engine.ts';
import { MediaUnavailableError } from './media-unavailable-error.ts';
import { NotConnectedError } from './not-connected-error.ts';
import { settlesWithin } from './settles-within.ts';

export interface BaileysEngineOptions {
  readonly store: CredentialStore;
  readonly listener: EngineListener;
  readonly log: Log;
  /** Where WhatsApp listens; absent: the real one. */
  readonly webSocketUrl?: string;
  /** The key that signs WhatsApp's certificate chain, 64 hex digits; absent: the real one. */
  readonly rootPublicKey?: string;
  /** Of the phone to link by a code, in digits; absent: by QR code. */
  readonly pairingPhoneNumber?: string;
  /** http://, https:// or socks5://, perhaps with a password; everything to WhatsApp goes through it. */
  readonly proxyUrl?: string;
}

/** Enough for a slow login; without an end of ours a dial that Baileys lost track of would never be dialled again. */
const dialWithinMs = 90_000;
/** A silent connection is noticed after at most twice this time (59 s were seen at Baileys' default of 30 s). */
const keepAliveIntervalMs = 20_000;
const pairingCodeWithinMs = 20_000;
/** For a file to come; one of 16 MiB takes 27 s at 5 Mbit/s. */
const downloadWithinMs = 45_000;
/** Milliseconds that an upload may stand still. */
const uploadIdleMs = 20_000;

/**
 * An unmodified Baileys on a credential store.
 * @throws {CredentialsCorruptError} what is stored is not Baileys' credentials
 */
export function createBaileysEngine(options: BaileysEngineOptions): Engine {
  const { store, listener, log } = options;
  if (options.rootPublicKey) WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(options.rootPublicKey, 'hex');
  let socket: WASocket | undefined;
  let isOpen = false;
  let isClosed = false;
  let dialTimer: NodeJS.Timeout | undefined;
  let proxy: Promise<ProxyRoutes> | undefined;
  const { pairingPhoneNumber, proxyUrl } = options;

  /** Ends a connection of which Baileys itself will not tell the end. */
  const giveUp = (dialled: WASocket, code: number, message: string) => {
    if (socket !== dialled) return;
    clearTimeout(dialTimer);
    socket = undefined;
    discard(dialled);
    listener.onSession({ type: 'Closed', code, saidByWhatsApp: false, message, random: Math.random() });
  };
  const fail = (error: unknown) => {
    log.error({ err: error }, 'Credentials cannot be kept');
    const message = error instanceof Error ? error.message : String(error);
    const reason = error instanceof CredentialsCorruptError ? { reason: 'auth_failure' as const } : {};
    listener.onSession({ type: 'Failed', ...reason, message });
  };
  const auth = baileysAuthState(store, fail);

  /** A reference for a QR code has come: it is shown, or a code is asked for in its place, once for each connection. */
  const waitForPairing = async (dialled: WASocket, qr: string, isFirst: boolean) => {
    if (pairingPhoneNumber === undefined) return listener.onSession({ type: 'QrReceived', qr });
    if (!isFirst) return;
    try {
      const code = await requestPairingCode(dialled, pairingPhoneNumber, pairingCodeWithinMs);
      if (socket === dialled) listener.onSession({ type: 'PairingCodeReceived', code });
    } catch (error) {
      giveUp(dialled, 408, readDisconnect(error).message);
    }
  };

  const load = async (file: StoredFile) => {
    if (!socket || !isOpen) throw new NotConnectedError('read the file');
    const { hosts } = await socket.refreshMediaConn(false);
    const host = hosts[0]?.hostname;
    if (host === undefined) throw new MediaUnavailableError('WhatsApp names no host that has it', true);
    return downloadMedia(file, { host, agent: (await proxy)?.agent, withinMs: downloadWithinMs });
  };

  const send = async (to: string, content: AnyMessageContent) => {
    if (!socket || !isOpen) throw new NotConnectedError('send a message');
    const address = to.includes('@') ? to : `${to}@s.whatsapp.net`;
    const sent = await socket.sendMessage(address, content, { mediaUploadTimeoutMs: uploadIdleMs });
    if (!sent?.key.id) throw new NotConnectedError('send a message');
    return sent.key.id;
  };

  return {
    async connect() {
      discard(socket);
      clearTimeout(dialTimer);
      socket = undefined;
      isOpen = false;
      if (proxyUrl !== undefined) proxy ??= proxyRoutes(proxyUrl);
      const { agent, dispatcher } = (await proxy) ?? {};
      if (isClosed) return;
      // Asking for a code, Baileys writes down the number as if it were linked, and would then log in as nobody.
      if (!auth.state.creds.account) delete auth.state.creds.me;
      const dialled = makeWASocket({
        auth: auth.state,
        logger: baileysLog(log),
        keepAliveIntervalMs,
        markOnlineOnConnect: false, // Otherwise the phone stops ringing for new messages.
        syncFullHistory: false, // Years of messages would be downloaded into memory, for nobody.
        ...(agent ? { agent, fetchAgent: agent } : {}),
        ...(dispatcher ? { options: { dispatcher } as unknown as RequestInit } : {}),
        ...(pairingPhoneNumber === undefined ? {} : { qrTimeout: referenceLivesMs }),
        ...(options.webSocketUrl ? { waWebSocketUrl: options.webSocketUrl } : {}),
      });
      socket = dialled;
      const isCurrent = () => socket === dialled;
      dialTimer = setTimeout(() => giveUp(dialled, 408, 'WhatsApp did not answer the dial'), dialWithinMs);
      // Baileys asks for this event and does nothing with it, so a proxy's refusal would leave it dialling for ever (seen).
      dialled.ws.once('unexpected-response', (_request, { statusCode = 0 }: IncomingMessage) => {
        giveUp(dialled, statusCode, `The upgrade to a WebSocket was answered with ${statusCode}`);
      });
      keepCredentials(dialled, auth, fail);
      hearAcks(dialled, (ack) => listener.onAck(ack));
      let references = 0;
      dialled.ev.on('connection.update', ({ connection, lastDisconnect, qr, isNewLogin }) => {
        if (!isCurrent()) return;
        if (qr || connection === 'open' || connection === 'close') clearTimeout(dialTimer);
        if (qr) void waitForPairing(dialled, qr, ++references === 1);
        if (isNewLogin) listener.onSession({ type: 'Paired' });
        if (connection === 'open') {
          isOpen = true;
          const account = accountOf(dialled); // Baileys may open before it knows who it is.
          listener.onSession({ type: 'Opened', ...(account ? { account } : {}) });
        }
        if (connection === 'close') {
          isOpen = false;
          socket = undefined;
          listener.onSession({ type: 'Closed', ...readDisconnect(lastDisconnect?.error), random: Math.random() });
        }
      });
      dialled.ev.on('creds.update', () => {
        const account = accountOf(dialled);
        if (isCurrent() && isOpen && account) listener.onSession({ type: 'AccountLearnt', account });
      });
      dialled.ev.on('messages.upsert', ({ messages }) => {
        for (const each of messages) {
          const message = readMessage(each, load);
          if (message) listener.onMessage(message);
        }
      });
    },
    sendText: (to, text) => send(to, { text }),
    sendMedia: (to, media, caption) => send(to, mediaContent(media, caption)),
    async probe() {
      if (!socket?.ws.isOpen || !isOpen) throw new NotConnectedError('reach WhatsApp');
    },
    async logout(withinMs) {
      const jid = auth.state.creds.me?.id;
      if (!socket || !isOpen || jid === undefined) throw new NotConnectedError('log out');
      await unlink(socket, jid, withinMs);
    },
    async close(withinMs) {
      const last = socket;
      isClosed = true;
      clearTimeout(dialTimer);
      socket = undefined; // From here on nothing it says is heard.
      isOpen = false;
      if (!last) return;
      // On a frozen connection end() takes 30 s, the close timeout of the WebSocket library.
      if (!(await settlesWithin(last.end(undefined), withinMs))) discard(last);
    },
  };
}

/** Before Baileys answers WhatsApp, what it just learnt is on the disk: its handlers run one after the other. */
function keepCredentials(socket: WASocket, auth: BaileysAuthState, fail: (error: unknown) => void): void {
  socket.ev.on('creds.update', () => {
    try {
      auth.saveCredentials();
    } catch (error) {
      fail(error);
    }
  });
}

function accountOf({ user }: WASocket): Account | undefined {
  if (!user?.id) return undefined;
  return { id: jidNormalizedUser(user.id), ...(user.name ? { pushName: user.name } : {}) };
}

/** Cuts a connection off without a farewell. */
function discard(socket: WASocket | undefined): void {
  if (!socket) return;
  socket.ev.removeAllListeners('connection.update');
  socket.ev.removeAllListeners('messages.upsert');
  // The WebSocket under Baileys' client: its close() would wait for the other side.
  const { socket: webSocket } = socket.ws as unknown as { socket: { terminate(): void } | null };
  webSocket?.terminate();
}
