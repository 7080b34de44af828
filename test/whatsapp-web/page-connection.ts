import { randomUUID } from 'node:crypto';
import { clearTimeout, setTimeout } from 'node:timers';
import type { RawData, WebSocket } from 'ws';
import type { Fields } from '../admin-http/fields.ts';
import type { LiveConnections } from '../stand-ins/live-connections.ts';
import type { LinkedDevice } from './linked-devices.ts';
import { type EndReason, type FromPage, readFromPage, type ToPage } from './page-protocol.ts';

/** From the connection to the page's "hello", in milliseconds. */
const helloMs = 20_000;
/** The page closes by itself when its login ends; one that does not is cut after so many milliseconds. */
const lingerMs = 500;

export interface ConnectionHandlers {
  readonly onTold: (connection: PageConnection, told: FromPage) => void;
  readonly onClose: (connection: PageConnection, code: number) => void;
  /** What the page said was not understood; its connection is cut. */
  readonly onError: (connection: PageConnection, error: unknown) => void;
}

/** Which pages are connected right now, and which of them is whose. */
export type LivePages = LiveConnections<LinkedDevice, PageConnection>;

/** One page's WebSocket. */
export class PageConnection {
  readonly id = randomUUID().slice(0, 8);
  readonly connectedAt = new Date();
  readonly remoteAddress: string;
  readonly #socket: WebSocket;
  #endedByServer = false;
  #muted = false;
  #ended = false;

  constructor(socket: WebSocket, remoteAddress: string, handlers: ConnectionHandlers) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    const deadline = setTimeout(() => socket.terminate(), helloMs);
    socket.once('message', () => clearTimeout(deadline));
    socket.on('message', (data) => {
      if (this.#muted || this.#ended) return;
      try {
        handlers.onTold(this, readFromPage(parse(data)));
      } catch (error) {
        handlers.onError(this, error);
        this.drop();
      }
    });
    socket.on('error', (error) => handlers.onError(this, error));
    socket.on('close', (code) => {
      clearTimeout(deadline);
      handlers.onClose(this, code);
    });
  }

  /** Whether what is sent reaches the page, or would if it were not muted. */
  get isOpen(): boolean {
    return !this.#ended && this.#socket.readyState === this.#socket.OPEN;
  }

  get endedByServer(): boolean {
    return this.#endedByServer;
  }

  send(told: ToPage) {
    if (this.isOpen && !this.#muted) this.#socket.send(JSON.stringify(told));
  }

  /** Ends the login: the page is told why, and closes. */
  end(reason: EndReason) {
    this.send({ type: 'end', reason });
    this.#ended = true;
    this.#endedByServer = true;
    const cut = setTimeout(() => this.#socket.terminate(), lingerMs);
    this.#socket.once('close', () => clearTimeout(cut));
  }

  /** Ends the WebSocket properly, with code 1000. */
  close() {
    this.#endedByServer = true;
    this.#socket.close(1_000);
  }

  /** Cuts TCP. */
  drop() {
    this.#endedByServer = true;
    this.#socket.terminate();
  }

  /** Answers nothing from now on, while the WebSocket goes on working. */
  mute() {
    this.#muted = true;
  }

  /** Reads nothing from now on: TCP stays up and not even a close is answered. The page's death is not seen either. */
  freeze() {
    this.#muted = true;
    this.#socket.pause();
  }

  thaw() {
    this.#muted = false;
    this.#socket.resume();
  }
}

function parse(data: RawData): Fields {
  const value = JSON.parse((data as Buffer).toString('utf8')) as unknown;
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
