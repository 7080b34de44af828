import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers';
import { type BinaryNode, decodeBinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import type { RawData, WebSocket } from 'ws';
import type { LiveConnections } from '../stand-ins/live-connections.ts';
import type { Device } from './account.ts';
import type { ServerIdentity } from './certificate-chain.ts';
import { FrameReader, frameOf } from './frame-reader.ts';
import { createInOrder } from './in-order.ts';
import { type ClientHandshake, NoiseResponder } from './noise-responder.ts';
import { ProtocolError, stanza } from './stanza.ts';

/** From the connection to the end of the handshake, in milliseconds. */
const handshakeMs = 20_000;
/** Baileys closes by itself after an error stanza; one that does not is cut after so many milliseconds. */
const lingerMs = 500;
/** WebSocket messages that wait to be worked; a client with more is cut off. */
const maxBacklog = 1_000;

export interface ConnectionHandlers {
  readonly onHandshake: (connection: Connection, handshake: ClientHandshake) => Promise<void>;
  readonly onStanza: (connection: Connection, received: BinaryNode) => Promise<void>;
  readonly onClose: (connection: Connection, code: number) => void;
  /** What the client did was not understood; its connection is cut. */
  readonly onError: (connection: Connection, error: unknown) => void;
}

/** Who is connected right now, and which device each of them is. */
export type LiveClients = LiveConnections<Device, Connection>;

/** One client's connection, from the handshake to the end: bytes on one side, stanzas on the other. */
export class Connection {
  readonly id = randomUUID().slice(0, 8);
  readonly connectedAt = new Date();
  readonly remoteAddress: string;
  /** The name by which the client reached this server, without the port. */
  readonly hostname: string;
  readonly #socket: WebSocket;
  readonly #handlers: ConnectionHandlers;
  readonly #noise: NoiseResponder;
  readonly #frames = new FrameReader();
  readonly #inOrder = createInOrder();
  #stage: 'hello' | 'finish' | 'open' | 'ended' = 'hello';
  #endedByServer = false;
  #muted = false;
  #cutsAtLogout = false;
  #backlog = 0;
  #stanzas = 0;

  constructor(
    socket: WebSocket,
    { remoteAddress, hostname }: { readonly remoteAddress: string; readonly hostname: string },
    identity: ServerIdentity,
    handlers: ConnectionHandlers,
  ) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    this.hostname = hostname;
    this.#handlers = handlers;
    this.#noise = new NoiseResponder(identity);
    const deadline = setTimeout(() => socket.terminate(), handshakeMs);
    socket.on('message', (data) => this.#enqueue(data, deadline));
    socket.on('error', (error) => handlers.onError(this, error));
    socket.on('close', (code) => {
      clearTimeout(deadline);
      this.#stage = 'ended';
      handlers.onClose(this, code);
    });
  }

  /** Whether stanzas still reach the client, or would if it were not muted. */
  get isOpen(): boolean {
    return this.#stage === 'open' && this.#socket.readyState === this.#socket.OPEN;
  }

  get endedByServer(): boolean {
    return this.#endedByServer;
  }

  newStanzaId(): string {
    return `${this.id}-${++this.#stanzas}`;
  }

  send(sent: BinaryNode) {
    if (this.isOpen && !this.#muted) this.#socket.send(frameOf(this.#noise.seal(encodeBinaryNode(sent))));
  }

  /** Refuses or ends a login: 401 logged out, 403 banned, and so on. */
  endWithFailure(reason: number) {
    this.#endWith(stanza('failure', { reason: String(reason), location: 'stand-in' }));
  }

  endWithStreamError(code: number) {
    this.#endWith(stanza('stream:error', { code: String(code) }));
  }

  /** `replaced`: another client logged in as this device. `device_removed`: the phone unlinked it. */
  endWithConflict(type: 'replaced' | 'device_removed', code?: number) {
    const attrs: Record<string, string> = code === undefined ? {} : { code: String(code) };
    this.#endWith(stanza('stream:error', attrs, [stanza('conflict', { type })]));
  }

  endStream() {
    this.#endWith(stanza('xmlstreamend'));
  }

  /** Ends the WebSocket properly, with code 1000 and no stanza. */
  close() {
    this.#endedByServer = true;
    this.#socket.close(1_000);
  }

  /** Cuts TCP. */
  drop() {
    this.#endedByServer = true;
    this.#socket.terminate();
  }

  /** Whether a logout is answered by cutting TCP. */
  get cutsAtLogout(): boolean {
    return this.#cutsAtLogout;
  }

  cutAtLogout() {
    this.#cutsAtLogout = true;
  }

  /** Answers nothing from now on, while the WebSocket goes on working: pings and a close are answered. */
  mute() {
    this.#muted = true;
  }

  /** Reads nothing from now on: TCP stays up and not even a close is answered. The client's death is not seen either. */
  freeze() {
    this.#muted = true;
    this.#socket.pause();
  }

  thaw() {
    this.#muted = false;
    this.#socket.resume();
  }

  #endWith(last: BinaryNode) {
    this.send(last);
    this.#stage = 'ended';
    this.#endedByServer = true;
    // Closed at once, Baileys would see the close before it has decoded the stanza, and tell of 428.
    const cut = setTimeout(() => this.#socket.terminate(), lingerMs);
    this.#socket.once('close', () => clearTimeout(cut));
  }

  #enqueue(data: RawData, deadline: NodeJS.Timeout) {
    if (++this.#backlog > maxBacklog) return this.drop();
    this.#inOrder(() => this.#read(data as Buffer, deadline))
      .catch((error: unknown) => {
        this.#handlers.onError(this, error);
        this.drop();
      })
      .finally(() => this.#backlog--);
  }

  async #read(data: Buffer, deadline: NodeJS.Timeout) {
    for (const frame of this.#frames.read(data)) {
      if (this.#stage === 'hello') {
        this.#socket.send(frameOf(this.#noise.hello(frame)));
        this.#stage = 'finish';
      } else if (this.#stage === 'finish') {
        const handshake = this.#noise.finish(frame);
        clearTimeout(deadline);
        this.#stage = 'open';
        await this.#handlers.onHandshake(this, handshake);
      } else if (this.#stage === 'open') {
        await this.#take(this.#noise.open(frame)); // Opened also when muted: the counter of both sides must go on.
      }
    }
  }

  async #take(plaintext: Buffer) {
    if (this.#muted) return;
    const received = await decodeBinaryNode(plaintext).catch((cause: unknown) => {
      throw new ProtocolError('decode a stanza', 'it is not of the binary form', { cause });
    });
    await this.#handlers.onStanza(this, received);
  }
}
