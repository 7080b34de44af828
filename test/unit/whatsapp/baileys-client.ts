import {
  type AuthenticationCreds,
  type AuthenticationState,
  type ConnectionState,
  initAuthCreds,
  makeWASocket,
  type SignalDataTypeMap,
  type WAMessage,
  type WASocket,
} from '@whiskeysockets/baileys';
import { waitUntil } from '../../cluster/wait-until.ts';

const quiet = {
  level: 'silent',
  child: () => quiet,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Credentials in memory, which any number of clients can log in with. */
export interface Credentials {
  readonly state: AuthenticationState;
  update(update: Partial<AuthenticationCreds>): void;
}

export function newCredentials(): Credentials {
  const creds = initAuthCreds();
  const values = new Map<string, unknown>();
  return {
    update: (update) => Object.assign(creds, update),
    state: {
      creds,
      keys: {
        get: async <Type extends keyof SignalDataTypeMap>(type: Type, ids: string[]) => {
          const known = ids.filter((id) => values.has(`${type}/${id}`));
          return Object.fromEntries(known.map((id) => [id, values.get(`${type}/${id}`) as SignalDataTypeMap[Type]]));
        },
        set: async (data) => {
          for (const [type, entries] of Object.entries(data)) {
            for (const [id, value] of Object.entries(entries)) {
              if (value === null) values.delete(`${type}/${id}`);
              else values.set(`${type}/${id}`, value);
            }
          }
        },
      },
    },
  };
}

export interface IncomingText {
  readonly text: string;
  readonly offline: boolean;
}

/** Runs one unmodified Baileys socket after the other, and remembers what it told. */
export class BaileysClient {
  readonly updates: Partial<ConnectionState>[] = [];
  readonly texts: IncomingText[] = [];
  /** Those of others. */
  readonly messages: WAMessage[] = [];
  /** What became of own messages, in the order it was told. */
  readonly statuses: { readonly id: string; readonly status: number }[] = [];
  readonly #url: string;
  readonly #credentials: Credentials;
  readonly #keepAliveIntervalMs: number;
  #socket: WASocket | undefined;

  constructor(url: string, credentials = newCredentials(), keepAliveIntervalMs = 30_000) {
    this.#url = url;
    this.#credentials = credentials;
    this.#keepAliveIntervalMs = keepAliveIntervalMs;
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  get socket(): WASocket {
    if (!this.#socket) throw new Error('Cannot use the client: it has not connected; call connect()');
    return this.#socket;
  }

  /** Opens a socket; what the former told is forgotten. */
  connect() {
    this.updates.length = 0;
    const socket = makeWASocket({
      auth: this.#credentials.state,
      waWebSocketUrl: this.#url,
      logger: quiet,
      keepAliveIntervalMs: this.#keepAliveIntervalMs,
      // Else it holds the first messages back for 20 s, waiting for a history that does not come.
      shouldSyncHistoryMessage: () => false,
    });
    socket.ev.on('creds.update', (update) => this.#credentials.update(update));
    socket.ev.on('connection.update', (update) => this.updates.push(update));
    socket.ev.on('messages.upsert', ({ type, messages }) => {
      // What was told of a message while Baileys held it back is in the message itself.
      for (const { key, status } of messages.filter((each) => each.key.fromMe)) this.#tell(key.id, status);
      for (const each of messages.filter(({ key }) => !key.fromMe)) {
        const text = each.message?.conversation;
        this.messages.push(each);
        if (text) this.texts.push({ text, offline: type === 'append' });
      }
    });
    socket.ev.on('messages.update', (updates) => {
      for (const { key, update } of updates) this.#tell(key.id, update.status);
    });
    this.#socket = socket;
  }

  #tell(id: string | null | undefined, status: number | null | undefined) {
    if (id && typeof status === 'number') this.statuses.push({ id, status });
  }

  /** Waits for the first update of which `read` makes something. */
  async until<Value>(what: string, read: (update: Partial<ConnectionState>) => Value | undefined, timeoutMs = 10_000) {
    return waitUntil(
      what,
      timeoutMs,
      async () => {
        const value = this.updates.map(read).find((found) => found !== undefined);
        return value === undefined ? { seen: JSON.stringify(this.updates) } : { value };
      },
      10,
    );
  }

  qr = () => this.until('QR', ({ qr }) => qr);

  opened = () => this.until('open connection', ({ connection }) => (connection === 'open' ? true : undefined));

  /** The code of the next close. */
  closed = (timeoutMs?: number) =>
    this.until(
      'closed connection',
      ({ connection, lastDisconnect }) => {
        const error = lastDisconnect?.error as { output?: { statusCode: number } } | undefined;
        return connection === 'close' ? (error?.output?.statusCode ?? 0) : undefined;
      },
      timeoutMs,
    );

  async text(wanted: string): Promise<IncomingText> {
    return waitUntil(
      `message "${wanted}"`,
      10_000,
      async () => {
        const value = this.texts.find(({ text }) => text === wanted);
        return value ? { value } : { seen: JSON.stringify(this.texts) };
      },
      10,
    );
  }

  async end() {
    await this.#socket?.end(undefined);
  }
}
