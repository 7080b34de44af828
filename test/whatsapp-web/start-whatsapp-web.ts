import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
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
import { whatsappWebAdminApi } from './admin-api.ts';
import { createConnectionHandlers } from './connection-handlers.ts';
import { createWebFaults } from './faults.ts';
import { LastingFaults } from './lasting-faults.ts';
import { type LinkedDevice, LinkedDevices } from './linked-devices.ts';
import { createLogin } from './login.ts';
import { MediaStore } from './media-store.ts';
import { createMessages } from './messages.ts';
import { type LivePages, PageConnection } from './page-connection.ts';
import { defaultPageSettings, type PageSettings } from './page-settings.ts';
import { createPairing } from './pairing.ts';
import { createSite } from './site.ts';
import { issueSiteCertificate } from './site-certificate.ts';
import { devicesText, readDevices } from './state-file.ts';

const maxConnections = 20_000;
const maxWebSocketMessageBytes = 256 * 1_024;

export interface WhatsAppWebOptions {
  /** Of the site, by HTTPS; 0, the default, takes a free one. */
  readonly sitePort?: number;
  /** Of the admin API, by HTTP; 0, the default, takes a free one. */
  readonly adminPort?: number;
  readonly host?: string;
  /** Where the site's private key is kept over a restart; a new key unless told. */
  readonly keyFile?: string | undefined;
  /** Where devices are kept over a restart; only in memory unless told. */
  readonly stateFile?: string | undefined;
  readonly page?: Partial<PageSettings>;
  readonly log?: Log;
}

export interface WhatsAppWeb {
  readonly sitePort: number;
  readonly adminPort: number;
  /** For a phone-client. */
  readonly baseUrl: string;
  /** Base64, for Chromium's `--ignore-certificate-errors-spki-list`. */
  readonly spki: string;
  /** What makes a Chromium on this machine take the stand-in for the real site. */
  readonly browserArguments: readonly string[];
  /** Cuts every connection and stops; the state is written before. */
  stop(): Promise<void>;
}

/** Starts a stand-in for https://web.whatsapp.com, and the admin API by which a test plays phones and the network. */
export async function startWhatsAppWeb(options: WhatsAppWebOptions = {}): Promise<WhatsAppWeb> {
  const { sitePort: wantedSitePort = 0, adminPort: wantedAdminPort = 0, host = '127.0.0.1' } = options;
  const { keyFile, stateFile, log = logNothing } = options;
  const { certificate, key, spki } = await issueSiteCertificate(keyFile);
  const devices = stateFile ? readDevices(stateFile) : new LinkedDevices();
  const saver = stateFile ? createStateSaver(stateFile, () => devicesText(devices)) : undefined;
  const changed = () => saver?.changed();
  const live: LivePages = new LiveConnections();
  const logins = new LoginLog();
  const faults = new LastingFaults();
  const inbox = new Inbox();
  const media = new MediaStore();
  const messages = createMessages({ devices, live, faults, inbox, media, changed });
  const login = createLogin({ devices, live, logins, faults, onLogin: messages.sendPending });
  const pairing = createPairing({
    devices,
    faults,
    onPaired: (connection) => {
      changed();
      log('Device linked', { connection: connection.id });
    },
  });
  const causeFault = createWebFaults({ devices, live, faults, media, pairing, unlink });

  function unlink(device: LinkedDevice) {
    const connection = live.connectionOf(device);
    devices.remove(device);
    changed();
    connection?.end('logged-out');
  }

  const handlers = createConnectionHandlers({ devices, live, logins, pairing, login, messages, changed, log });
  const page = { ...defaultPageSettings, ...options.page };
  const answerSite = createSite({ devices, faults, media, settings: page });
  const site = createTlsServer({ cert: certificate, key }, (request, response) => void answerSite(request, response));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxWebSocketMessageBytes });
  site.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url !== '/ws' || faults.has('refuse') || live.count >= maxConnections) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      live.add(new PageConnection(webSocket, request.socket.remoteAddress ?? '', handlers));
    });
  });
  const routes = whatsappWebAdminApi({ pairing, messages, inbox, logins, live, media, causeFault, spki });
  const admin = createServer((request, response) => void answerByRoutes(routes, request, response, largeAdminBodies));

  const sitePort = await startServer(site, { port: wantedSitePort, host });
  const adminPort = await startServer(admin, { port: wantedAdminPort, host });
  return {
    sitePort,
    adminPort,
    baseUrl: `http://${host}:${adminPort}`,
    spki,
    browserArguments: browserArguments(`${host}:${sitePort}`, spki),
    async stop() {
      saver?.flush();
      live.dropAll();
      await Promise.all([stopServer(site), stopServer(admin)]);
    },
  };
}

/**
 * What makes a Chromium take the stand-in for the real site.
 * @param address of the site as the browser reaches it, with its port, for instance "stand-ins.berth-test.svc:443".
 */
export function browserArguments(address: string, spki: string): readonly string[] {
  return [`--host-resolver-rules=MAP web.whatsapp.com ${address}`, `--ignore-certificate-errors-spki-list=${spki}`];
}
