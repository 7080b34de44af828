import { maxMediaBytes } from '@berth/protocol';
import type { AckLevel } from './engine.ts';
import type { EngineName } from './engine-name.ts';
import { maxUnreadChats, maxUnreadMessages } from './web-missed-messages.ts';

type ProxyScheme = 'http' | 'https' | 'socks5';

/** What an engine can do: the table in docs/engines.md is made of it. */
export interface EngineCapabilities {
  /** What a session of it runs. */
  readonly runs: string;
  readonly keepsLoginIn: string;
  readonly pairing: readonly ('QRCode' | 'PairingCode')[];
  readonly sends: readonly string[];
  readonly receives: readonly string[];
  /** What it still gets of that which arrived while no run was ready. */
  readonly catchesUp: string;
  readonly largestFileBytes: number;
  readonly acks: readonly AckLevel[];
  readonly proxies: readonly ProxyScheme[];
  /** Those proxies at which it can log in by user and password. */
  readonly proxyLogins: readonly ProxyScheme[];
}

const files = ['images', 'videos', 'sounds', 'documents'] as const;

export const engineCapabilities: Readonly<Record<EngineName, EngineCapabilities>> = {
  Baileys: {
    runs: "one process that speaks WhatsApp's protocol",
    keepsLoginIn: 'one SQLite file',
    pairing: ['QRCode', 'PairingCode'],
    sends: ['texts', ...files],
    receives: ['texts', ...files, 'stickers'],
    catchesUp: 'what WhatsApp has kept for the device',
    largestFileBytes: maxMediaBytes,
    acks: ['failed', 'sent', 'delivered', 'read', 'played'],
    proxies: ['http', 'https', 'socks5'],
    proxyLogins: ['http', 'https', 'socks5'],
  },
  WhatsAppWebJS: {
    runs: "Chromium with WhatsApp's own page, and its driver",
    keepsLoginIn: "Chromium's profile",
    pairing: ['QRCode', 'PairingCode'],
    sends: ['texts', ...files],
    receives: ['texts', ...files, 'stickers'],
    catchesUp: `what is unread on the phone, in ${maxUnreadChats} chats, ${maxUnreadMessages} messages each`,
    largestFileBytes: maxMediaBytes,
    acks: ['failed', 'sent', 'delivered', 'read', 'played'],
    proxies: ['http', 'https', 'socks5'],
    proxyLogins: ['http', 'https'], // Chromium does not log in at a SOCKS proxy.
  },
};
