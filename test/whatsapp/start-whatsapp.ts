import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { answerByRoutes } from '../admin-http/admin-routes.ts';
import { type Log, logNothing } from '../admin-http/log.ts';
import { startServer, stopServer } from '../admin-http/start-server.ts';
import { Inbox } from '../stand-ins/inbox.ts';
import { LiveConnections } from '../stand-ins/live-connections.ts';
import { LoginLog } from '../stand-ins/login-log.ts';
import { largeAdminBodies } from '../stand-ins/sent-file.ts';
import { createStateSaver } from '../stand-ins/state-saver.ts';
import type { Device } from './account.ts';
import { whatsappAdminApi } from './admin-api.ts';
import { issueCertificateChain } from './certificate-chain.ts';
import { createClientHandlers } from './client-handlers.ts';
import { createCodePairing } from './code-pairing.ts';
import { Connection, type LiveClients } from './connection.ts';
import { createFaults } from './faults.ts';
import { createLogin } from './login.ts';
import { LoginPolicy } from './login-policy.ts';
import { mediaCertificates } from './media-certificates.ts';
import { createMediaServer } from './media-server.ts';
import { MediaStore } from './media-store.ts';
import { createMessageContents } from './message-content.ts';
import { createMessages } from './messages.ts';
import { createPairing } from './pairing.ts';
import { createQueries } from './queries.ts';
import { rootKey, rootKeyInFile } from './root-key.ts';
import { emptyWorld, readWorld, worldText } from './state-file.ts';

const maxConnections = 20_000;
const maxWebSocketMessageBytes = 2 * 1_024 * 1_024;

export interface WhatsAppOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Of the host of files, which clients reach by the name they dialled; 0, the default, takes a free one. */
  readonly mediaPort?: number;
  readonly host?: string;
  /** 64 hexadecimal digits; a new key unless told. */
  readonly rootPrivateKey?: string | undefined;
  /** Where the root key is kept over a restart, unless it is given. */
  readonly rootKeyFile?: string | undefined;
  /** Where accounts and devices are kept over a restart; only in memory unless told. */
  readonly stateFile?: string | undefined;
  readonly log?: Log;
}

export interface WhatsApp {
  readonly port: number;
  readonly mediaPort: number;
  /** For a phone-client. */
  readonly baseUrl: string;
  /** What a client takes for `waWebSocketUrl`. */
  readonly webSocketUrl: string;
  /** 64 hexadecimal digits: what a client takes for `WA_CERT_DETAILS.PUBLIC_KEY`. */
  readonly rootPublicKey: string;
  /** In PEM: what a client has to trust for the host of files; see `trustingOnly`. */
  readonly mediaAuthority: string;
  /** Cuts every connection and stops; the state is written before. */
  stop(): Promise<void>;
}

/** Starts a stand-in for WhatsApp's servers: the multi-device protocol at /ws/chat, the host of files, and what a test does at /admin. */
export async function startWhatsApp(options: WhatsAppOptions = {}): Promise<WhatsApp> {
  const {
    port: wantedPort = 0,
    mediaPort: wantedMediaPort = 0,
    host = '127.0.0.1',
    rootPrivateKey,
    rootKeyFile,
    stateFile,
    log = logNothing,
  } = options;
  const root = rootKeyFile && !rootPrivateKey ? rootKeyInFile(rootKeyFile) : rootKey(rootPrivateKey);
  const rootPublicKey = root.public.toString('hex');
  const identity = issueCertificateChain(root);
  const world = stateFile ? readWorld(stateFile) : emptyWorld();
  const saver = stateFile ? createStateSaver(stateFile, () => worldText(world)) : undefined;
  const changed = () => saver?.changed();
  const live: LiveClients = new LiveConnections();
  const logins = new LoginLog();
  const policy = new LoginPolicy();
  const inbox = new Inbox();
  const certificates = await mediaCertificates(root.private);
  const store = new MediaStore();
  const auth = randomUUID();
  const mediaServer = await createMediaServer({ store, certificates, auth, host });
  const mediaPort = await startServer(mediaServer, { port: wantedMediaPort, host });
  const contents = createMessageContents(store);
  const messages = createMessages({ world, live, inbox, contents, changed });
  const mediaHost = ({ hostname }: Connection) => ({ hostname: `${hostname}:${mediaPort}`, auth });
  const answerQuery = createQueries({ world, changed, unlink, mediaHost });
  const causeFault = createFaults({ world, live, policy, unlink });
  const login = createLogin({ world, live, logins, policy, onLogin: messages.sendPending });
  const pairing = createPairing({
    world,
    onPaired: (connection) => {
      changed();
      log('Device linked', { connection: connection.id });
      connection.endWithStreamError(515); // The client is to come back as the device it is now.
    },
  });

  const codePairing = createCodePairing(pairing);

  function unlink(device: Device) {
    const connection = live.connectionOf(device);
    world.accounts.get(device.phone)?.devices.delete(device.id);
    changed();
    connection?.endWithConflict('device_removed', 401);
  }

  const handlers = createClientHandlers({ live, logins, pairing, codePairing, login, messages, answerQuery, log });
  const keys = { rootPublicKey, mediaAuthority: certificates.authority };
  const routes = whatsappAdminApi({ pairing, codePairing, messages, inbox, logins, live, causeFault, ...keys });
  const server = createServer((request, response) => void answerByRoutes(routes, request, response, largeAdminBodies));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxWebSocketMessageBytes });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const known = request.url?.split('?')[0] === '/ws/chat';
    if (!known || policy.refusesEveryone || live.count >= maxConnections) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      live.add(new Connection(webSocket, originOf(request), identity, handlers));
    });
  });

  const port = await startServer(server, { port: wantedPort, host });
  return {
    port,
    mediaPort,
    baseUrl: `http://${host}:${port}`,
    webSocketUrl: `ws://${host}:${port}/ws/chat`,
    ...keys,
    async stop() {
      saver?.flush();
      live.dropAll();
      await Promise.all([stopServer(server), stopServer(mediaServer)]);
    },
  };
}

function originOf({ socket, headers }: IncomingMessage) {
  return { remoteAddress: socket.remoteAddress ?? '', hostname: (headers.host ?? '').replace(/:\d+$/, '') };
}
