import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { createPhone, type Phone } from '../../whatsapp/phone-client.ts';
import { startWhatsApp, type WhatsApp } from '../../whatsapp/start-whatsapp.ts';
import { BaileysClient, type Credentials } from './baileys-client.ts';

export const rootPrivateKey = '60'.repeat(32);

export interface ClientOptions {
  readonly url?: string;
  readonly credentials?: Credentials;
  readonly keepAliveIntervalMs?: number;
}

export interface LinkedClient {
  readonly client: BaileysClient;
  /** The phone number it is linked to; every client has its own. */
  readonly number: string;
}

/** A stand-in for one test file, and unmodified clients of it that end with their test. */
export function useWhatsApp() {
  vi.setConfig({ testTimeout: 20_000 }); // Whole logins, on a machine that runs other tests as well.
  const builtInRoot = WA_CERT_DETAILS.PUBLIC_KEY;
  const clients: BaileysClient[] = [];
  let whatsApp: WhatsApp | undefined;
  let phone: Phone | undefined;
  let lastNumber = 15_550_001_000;

  beforeAll(async () => {
    whatsApp = await startWhatsApp({ rootPrivateKey });
    phone = createPhone({ baseUrl: whatsApp.baseUrl });
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(whatsApp.rootPublicKey, 'hex');
    // libsignal prints its sessions whole.
    for (const method of ['info', 'warn', 'error'] as const) vi.spyOn(console, method).mockReturnValue();
  });

  afterEach(async () => {
    await thePhone().fault('accept');
    await Promise.all(clients.splice(0).map((client) => client.end()));
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    WA_CERT_DETAILS.PUBLIC_KEY = builtInRoot;
    await whatsApp?.stop();
  });

  function theWhatsApp(): WhatsApp {
    if (!whatsApp) throw new Error('Cannot use the stand-in: it has not started; use it inside a test');
    return whatsApp;
  }

  function thePhone(): Phone {
    if (!phone) throw new Error('Cannot use the phone: the stand-in has not started; use it inside a test');
    return phone;
  }

  function aClient({ url = theWhatsApp().webSocketUrl, credentials, keepAliveIntervalMs }: ClientOptions = {}) {
    const client = new BaileysClient(url, credentials, keepAliveIntervalMs);
    clients.push(client);
    return client;
  }

  /** Goes the whole way: QR, scan, 515, login. */
  async function aLinkedClient(options: ClientOptions = {}, scanner = thePhone()): Promise<LinkedClient> {
    const number = String(++lastNumber);
    const client = aClient(options);
    client.connect();
    await scanner.scan(await client.qr(), number);
    expect(await client.closed()).toBe(515);
    client.connect();
    await client.opened();
    return { client, number };
  }

  /** Connects again with the credentials it has; no QR may come. */
  async function relogin(client: BaileysClient) {
    client.connect();
    await client.opened();
    expect(client.updates.filter(({ qr }) => qr)).toEqual([]);
  }

  return { aClient, aLinkedClient, relogin, whatsApp: theWhatsApp, phone: thePhone };
}
