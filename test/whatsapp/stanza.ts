import { BerthError } from '@berth/protocol';
import { type BinaryNode, getBinaryNodeChild } from '@whiskeysockets/baileys';

/** The address of the server itself, and the domain of a phone number's address. */
export const serverDomain = 's.whatsapp.net';

/** The client said something the stand-in does not understand; its connection is cut. */
export class ProtocolError extends BerthError {
  readonly code = 'STAND_IN_PROTOCOL';
  readonly retryable = false;

  constructor(action: string, isSo: string, options?: ErrorOptions) {
    super(`Cannot ${action}: ${isSo}; compare with what the client sends`, options);
  }
}

/** Makes a stanza, or a part of one. */
export function stanza(
  tag: string,
  attrs: Readonly<Record<string, string>> = {},
  content?: BinaryNode['content'],
): BinaryNode {
  return content === undefined ? { tag, attrs: { ...attrs } } : { tag, attrs: { ...attrs }, content };
}

/** @throws {ProtocolError} there is no such child. */
export function childOf(parent: BinaryNode, tag: string): BinaryNode {
  const child = getBinaryNodeChild(parent, tag);
  if (!child) throw new ProtocolError(`read <${parent.tag}>`, `it has no <${tag}>`);
  return child;
}

/** @throws {ProtocolError} the content is not bytes. */
export function bytesOf({ tag, content }: BinaryNode): Buffer {
  if (!(content instanceof Uint8Array)) throw new ProtocolError(`read <${tag}>`, 'its content is not bytes');
  return Buffer.from(content);
}

/** @throws {ProtocolError} there is no such attribute. */
export function attributeOf({ tag, attrs }: BinaryNode, name: string): string {
  const value = attrs[name];
  if (value === undefined) throw new ProtocolError(`read <${tag}>`, `it has no "${name}"`);
  return value;
}

export function firstTagOf({ content }: BinaryNode): string | undefined {
  return Array.isArray(content) ? content[0]?.tag : undefined;
}

/** Now, as stanzas tell it: whole seconds since 1970. */
export function stanzaTime(): number {
  return Math.floor(Date.now() / 1_000);
}
