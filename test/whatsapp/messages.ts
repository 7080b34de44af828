import { randomBytes } from 'node:crypto';
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from '@whiskeysockets/baileys';
import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import type { Inbox } from '../stand-ins/inbox.ts';
import type { SentFile } from '../stand-ins/sent-file.ts';
import { type Device, latestDevice, type PendingMessage, type World } from './account.ts';
import { phoneAddress, phoneOfAddress } from './address.ts';
import type { Connection, LiveClients } from './connection.ts';
import { contactOf } from './contact-book.ts';
import { createInOrder, type InOrder } from './in-order.ts';
import type { MessageContents } from './message-content.ts';
import { attributeOf, childOf, serverDomain, stanza, stanzaTime } from './stanza.ts';

const maxPending = 1_000;
const maxRefusals = 5;

interface Dependencies {
  readonly world: World;
  readonly live: LiveClients;
  readonly inbox: Inbox;
  readonly contents: MessageContents;
  /** Called after something that outlives the connection has changed. */
  readonly changed: () => void;
}

export type Messages = ReturnType<typeof createMessages>;

/** Carries messages between devices and contacts; what a device has not confirmed waits for its next login. */
export function createMessages({ world, live, inbox, contents, changed }: Dependencies) {
  const inOrderOf = new WeakMap<Device, InOrder>();

  /** Work on one device's messages keeps its order, so they arrive as they were sent. */
  function inOrder<Result>(device: Device, task: () => Promise<Result>): Promise<Result> {
    const known = inOrderOf.get(device) ?? createInOrder();
    inOrderOf.set(device, known);
    return known(task);
  }

  /**
   * A contact of the phone writes to the session, or sends it a file of which the text is the caption.
   * @returns the message's id.
   * @throws {NotFoundError} the phone has no linked device.
   * @throws {BadRequestError} 1000 messages wait already.
   */
  async function deliver(phone: string, from: string, text: string, file?: SentFile): Promise<string> {
    const device = latestDevice(world, phone);
    if (!device) throw new NotFoundError('deliver', 'the phone has no linked device', 'let it scan first');
    if (device.pending.size >= maxPending) {
      throw new BadRequestError('to', `${maxPending} messages wait already`, 'let the session log in');
    }
    const id = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
    const content = await contents.write(text, file);
    const message: PendingMessage = { id, from, content, kind: file ? 'media' : 'text', refusals: 0 };
    device.pending.set(id, message);
    await inOrder(device, () => send(device, message));
    return id;
  }

  /** After a login: what the device has not confirmed yet, then the sign that this was all. */
  async function sendPending(connection: Connection, device: Device) {
    const count = device.pending.size;
    await inOrder(device, async () => {
      for (const message of device.pending.values()) await send(device, message, { offline: '1' });
    });
    connection.send(stanza('ib', { from: serverDomain }, [stanza('offline', { count: String(count) })]));
  }

  async function send(device: Device, { id, from, content, kind }: PendingMessage, attrs: Record<string, string> = {}) {
    const connection = live.connectionOf(device);
    if (!connection) return changed(); // It waits for the next login.
    const contact = contactOf(world, from);
    const enc = await contact.encrypt(device, content);
    const sender = { from: contact.address, sender_lid: contact.lid, notify: 'Contact' };
    connection.send(stanza('message', { ...sender, type: kind, id, t: String(stanzaTime()), ...attrs }, [enc]));
    changed();
  }

  /** The device has a message, has read it, or could not decrypt it and asks for it again. */
  async function onReceipt(connection: Connection, device: Device, receipt: BinaryNode) {
    const { id, to, type } = receipt.attrs;
    connection.send(
      stanza('ack', { class: 'receipt', ...(id && { id }), ...(to && { from: to }), ...(type && { type }) }),
    );
    const items = getBinaryNodeChildren(getBinaryNodeChild(receipt, 'list'), 'item').map(({ attrs }) => attrs['id']);
    for (const confirmed of [id, ...items]) {
      const message = confirmed === undefined ? undefined : device.pending.get(confirmed);
      if (!message) continue;
      if (type === 'retry') await retry(device, message);
      else device.pending.delete(message.id);
    }
    changed();
  }

  async function retry(device: Device, message: PendingMessage) {
    contactOf(world, message.from).forgetSession(device);
    await inOrder(device, () => send(device, message));
  }

  /** With an error, the device could not use the message: it stays for the next login, but not for ever. */
  function onAck(device: Device, { attrs }: BinaryNode) {
    const message = attrs['class'] === 'message' && attrs['id'] ? device.pending.get(attrs['id']) : undefined;
    if (!message) return;
    const keep = attrs['error'] !== undefined && ++message.refusals < maxRefusals;
    if (!keep) device.pending.delete(message.id);
    changed();
  }

  /** The session writes to contacts: each decrypts its own copy, which proves that the encryption is right. */
  async function onMessage(connection: Connection, device: Device, message: BinaryNode) {
    const id = attributeOf(message, 'id');
    const to = attributeOf(message, 'to');
    connection.send(stanza('ack', { class: 'message', id, from: to, t: String(stanzaTime()) }));
    if (message.attrs['category'] === 'peer') return; // To the session's own phone, about keys and history.
    for (const { address, enc } of copiesOf(message)) {
      const contact = contactOf(world, phoneOfAddress(address));
      const base = { id, to: contact.phone, receivedAt: new Date().toISOString() };
      try {
        inbox.add(device.phone, { ...base, ...(await contents.read(await contact.decrypt(device, enc))) });
      } catch (error) {
        inbox.add(device.phone, { ...base, failure: String(error) }); // The test has to see it; the session lives on.
      }
    }
    changed();
    connection.send(stanza('receipt', { from: to, id, t: String(stanzaTime()) }));
  }

  /**
   * A contact reads what the session has sent to it.
   * @throws {NotFoundError} the session sent no such message, or is not connected.
   */
  function read(phone: string, id: string) {
    const sent = inbox.of(phone).find((message) => message.id === id);
    const device = latestDevice(world, phone);
    const connection = device && live.connectionOf(device);
    if (!sent) throw new NotFoundError('read the message', 'the session sent none with this id', 'see its inbox');
    if (!connection) throw new NotFoundError('read the message', 'the session is away', 'wait for its login');
    connection.send(stanza('receipt', { from: phoneAddress(sent.to), id, type: 'read', t: String(stanzaTime()) }));
  }

  return { deliver, read, sendPending, onReceipt, onAck, onMessage };
}

/** A message has one <enc> for each device of a recipient, or a single one when it is sent again. */
function copiesOf(message: BinaryNode): { address: string; enc: BinaryNode }[] {
  const participants = getBinaryNodeChildren(getBinaryNodeChild(message, 'participants'), 'to');
  if (participants.length === 0) return [{ address: attributeOf(message, 'to'), enc: childOf(message, 'enc') }];
  return participants.map((to) => ({ address: attributeOf(to, 'jid'), enc: childOf(to, 'enc') }));
}
