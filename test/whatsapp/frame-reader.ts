import { ProtocolError } from './stanza.ts';

/** "WA" and two version bytes. */
const headerStart = 'WA';
const headerBytes = 4;
/** "ED", two version bytes, three bytes of length: stands before the header once the server gave a routing hint. */
const routingStart = 'ED';
const routingPrefixBytes = 7;
const maxFrameBytes = 1_024 * 1_024;

/**
 * Cuts what a client sends into frames: after an intro, each has three bytes of length before it.
 * A WebSocket message may hold a part of a frame or several.
 */
export class FrameReader {
  #buffered: Buffer = Buffer.alloc(0);
  #introRead = false;

  /**
   * Takes more bytes and gives the frames they complete.
   * @throws {ProtocolError} the intro is none, or a frame says it is larger than 1 MiB.
   */
  read(bytes: Uint8Array): Buffer[] {
    this.#buffered = Buffer.concat([this.#buffered, bytes]);
    const frames: Buffer[] = [];
    if (!this.#introRead && !this.#skipIntro()) return frames;
    while (this.#buffered.length >= 3) {
      const length = this.#buffered.readUIntBE(0, 3);
      if (length > maxFrameBytes) throw new ProtocolError('read a frame', `it has ${length} bytes`);
      if (this.#buffered.length < 3 + length) break;
      frames.push(this.#buffered.subarray(3, 3 + length));
      this.#buffered = this.#buffered.subarray(3 + length);
    }
    return frames;
  }

  #skipIntro(): boolean {
    const routed = this.#startsWith(0, routingStart);
    if (routed && this.#buffered.length < routingPrefixBytes) return false;
    const headerAt = routed ? routingPrefixBytes + this.#buffered.readUIntBE(4, 3) : 0;
    if (this.#buffered.length < headerAt + headerBytes) return false;
    if (!this.#startsWith(headerAt, headerStart))
      throw new ProtocolError('read the intro', 'it is not of this protocol');
    this.#buffered = this.#buffered.subarray(headerAt + headerBytes);
    this.#introRead = true;
    return true;
  }

  #startsWith(at: number, text: string): boolean {
    return this.#buffered.subarray(at, at + text.length).toString('latin1') === text;
  }
}

export function frameOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(3);
  length.writeUIntBE(bytes.length, 0, 3);
  return Buffer.concat([length, bytes]);
}
