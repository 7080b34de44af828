import { once } from 'node:events';
import { WebSocket } from 'ws';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ToPage } from '../../whatsapp-web/page-protocol.ts';

type Told<Type extends ToPage['type']> = Extract<ToPage, { type: Type }>;

const newKey = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64');

/** The page's side of the WebSocket, without a browser around it. It keeps its keys and its login over a new connection. */
export class Page {
  readonly keys = { noise: newKey(), identity: newKey(), secret: newKey() };
  login: { phone: string; token: string } | undefined;
  readonly #url: string;
  #socket: WebSocket | undefined;
  #told: ToPage[] = [];
  #closeCode: number | undefined;

  constructor(sitePort: number) {
    this.#url = `wss://127.0.0.1:${sitePort}/ws`;
  }

  /** Resolves once it has said hello. @throws {Error} the site refuses the WebSocket */
  async connect(): Promise<void> {
    this.#told = [];
    this.#closeCode = undefined;
    // A test of the certificate is elsewhere.
    const socket = new WebSocket(this.#url, { rejectUnauthorized: false });
    this.#socket = socket;
    socket.on('message', (data) => this.#told.push(JSON.parse((data as Buffer).toString('utf8')) as ToPage));
    socket.on('close', (code) => {
      this.#closeCode = code;
    });
    await once(socket, 'open');
    this.tell({ type: 'hello', ...this.keys, ...this.login });
  }

  tell(told: Readonly<Record<string, unknown>>) {
    this.#socket?.send(JSON.stringify(told));
  }

  /** All of this kind that it was told since it connected. */
  all<Type extends ToPage['type']>(type: Type): readonly Told<Type>[] {
    return this.#told.filter((told): told is Told<Type> => told.type === type);
  }

  /** The first of this kind that it was told since it connected, or will be. */
  hears<Type extends ToPage['type']>(type: Type): Promise<Told<Type>> {
    return waitUntil(
      `"${type}"`,
      2_000,
      async () => {
        const [value] = this.all(type);
        return value ? { value } : { seen: this.#told.map((told) => told.type).join(', ') || 'nothing' };
      },
      5,
    );
  }

  /** The code that its WebSocket was closed with. */
  closed(): Promise<number> {
    const look = async () => (this.#closeCode === undefined ? { seen: 'it is open' } : { value: this.#closeCode });
    return waitUntil('close', 2_000, look, 5);
  }

  /** Shows its first QR. */
  async qr(): Promise<string> {
    const { references } = await this.hears('references');
    return [references[0], this.keys.noise, this.keys.identity, this.keys.secret, '1'].join(',');
  }

  /** Takes the login that a scan or a code gave it, and comes back with it. */
  async comeBackPaired(): Promise<void> {
    const { phone, token } = await this.hears('paired');
    this.login = { phone, token };
    await this.end();
    await this.connect();
  }

  async end(): Promise<void> {
    if (!this.#socket || this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.terminate();
    await this.closed();
  }
}
