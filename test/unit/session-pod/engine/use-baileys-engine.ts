import tls from 'node:tls';
import type { BaileysEngineOptions } from '@berth/session-pod/engine/baileys-engine.ts';
import { createBaileysEngine } from '@berth/session-pod/engine/baileys-engine.ts';
import type { Engine, EngineListener, InboundMessage, MessageAck } from '@berth/session-pod/engine/engine.ts';
import { type CredentialStore, openCredentialStore } from '@berth/session-pod/storage/credential-store.ts';
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';
import { createPhone, type Phone } from '../../../whatsapp/phone-client.ts';
import { startWhatsApp, type WhatsApp } from '../../../whatsapp/start-whatsapp.ts';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { eventually } from '../eventually.ts';
import { silentLog } from '../silent-log.ts';

export type EngineEvent = Parameters<EngineListener['onSession']>[0];

/** An engine on the stand-in that dials again whenever its connection ends, and what it told. */
export interface ARunningEngine {
  readonly engine: Engine;
  readonly store: CredentialStore;
  readonly events: readonly EngineEvent[];
  readonly messages: readonly InboundMessage[];
  readonly acks: readonly MessageAck[];
  /** The first event of the type after the first `after` ones. */
  readonly event: <Type extends EngineEvent['type']>(
    type: Type,
    after?: number,
  ) => Promise<Extract<EngineEvent, { type: Type }>>;
}

type Options = Partial<Omit<BaileysEngineOptions, 'listener' | 'log'>>;

/** A stand-in for one test file, and engines on it that end with their test. */
export function useBaileysEngine() {
  vi.setConfig({ testTimeout: 20_000 }); // Whole logins, on a machine that runs other tests as well.
  const builtInRoot = WA_CERT_DETAILS.PUBLIC_KEY;
  const trusted = tls.getCACertificates('default');
  let whatsApp: WhatsApp | undefined;
  let phone: Phone | undefined;

  beforeAll(async () => {
    whatsApp = await startWhatsApp();
    phone = createPhone(whatsApp);
    tls.setDefaultCACertificates([whatsApp.mediaAuthority]);
    // libsignal prints its sessions whole.
    for (const method of ['info', 'warn', 'error'] as const) vi.spyOn(console, method).mockReturnValue();
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    WA_CERT_DETAILS.PUBLIC_KEY = builtInRoot;
    tls.setDefaultCACertificates(trusted);
    await whatsApp?.stop();
  });

  function started<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('Cannot use the stand-in: it has not started; use it inside a test');
    return part;
  }

  function anEngine(options: Options = {}): ARunningEngine {
    const { webSocketUrl, rootPublicKey } = started(whatsApp);
    const store = options.store ?? openCredentialStore(aTemporaryDirectory());
    const events: EngineEvent[] = [];
    const messages: InboundMessage[] = [];
    const acks: MessageAck[] = [];
    const engine = createBaileysEngine({
      log: silentLog,
      webSocketUrl,
      rootPublicKey,
      ...options,
      store,
      listener: {
        onSession(event) {
          events.push(event);
          if (event.type === 'Closed') void engine.connect();
        },
        onMessage: (message) => messages.push(message),
        onAck: (ack) => acks.push(ack),
      },
    });
    onTestFinished(async () => {
      await engine.close(500);
      if (options.store === undefined) store.close();
    });
    return {
      engine,
      store,
      events,
      messages,
      acks,
      async event(type, after = 0) {
        const find = () => events.slice(after).find((event) => event.type === type);
        const found = await eventually(find, (seen) => seen !== undefined, 15_000);
        return found as Extract<EngineEvent, { type: typeof type }>;
      },
    };
  }

  /** An engine that this phone has linked by QR code and that is open. */
  async function aLinkedEngine(number: string, options: Options = {}): Promise<ARunningEngine> {
    const running = anEngine(options);
    await running.engine.connect();
    await started(phone).scan((await running.event('QrReceived')).qr, number);
    await running.event('Opened');
    return running;
  }

  return { anEngine, aLinkedEngine, phone: () => started(phone), whatsApp: () => started(whatsApp) };
}
