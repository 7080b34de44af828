import { randomBytes } from 'node:crypto';
import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import type { Inbox } from '../stand-ins/inbox.ts';
import type { LastingFaults } from './lasting-faults.ts';
import type { LinkedDevice, LinkedDevices, PendingMessage } from './linked-devices.ts';
import type { MediaStore } from './media-store.ts';
import type { LivePages, PageConnection } from './page-connection.ts';
import type { Content, FromPage, SentMedia } from './page-protocol.ts';

const maxPending = 1_000;

interface Dependencies {
  readonly devices: LinkedDevices;
  readonly live: LivePages;
  readonly faults: LastingFaults;
  readonly inbox: Inbox;
  readonly media: MediaStore;
  /** Called after something that outlives the connection has changed. */
  readonly changed: () => void;
}

export type Messages = ReturnType<typeof createMessages>;

/** Carries messages between devices and contacts; what a page has not confirmed waits for its next login. */
export function createMessages({ devices, live, faults, inbox, media, changed }: Dependencies) {
  /**
   * A contact of the phone writes to the session.
   * @returns the message's id.
   * @throws {NotFoundError} the phone has no linked device.
   * @throws {BadRequestError} 1000 messages wait already.
   */
  function deliver(phone: string, from: string, content: Content): string {
    const device = devices.latestOf(phone);
    if (!device) throw new NotFoundError('deliver', 'the phone has no linked device', 'let it scan first');
    if (device.pending.size >= maxPending) {
      throw new BadRequestError('to', `${maxPending} messages wait already`, 'let the session log in');
    }
    const id = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
    const message = { id, from, sentAtSeconds: Math.floor(Date.now() / 1_000), content };
    device.pending.set(id, message);
    changed();
    live.connectionOf(device)?.send(toPage(message));
    return id;
  }

  /** After a login: what the page has not confirmed yet, then the sign that this was all. */
  function sendPending(connection: PageConnection, device: LinkedDevice) {
    for (const message of device.pending.values()) connection.send(toPage(message));
    if (!faults.has('withhold-sync', device.phone)) connection.send({ type: 'synced' });
  }

  function onReceived(device: LinkedDevice, id: string) {
    if (device.pending.delete(id)) changed();
  }

  /** The session writes to a contact, who has the message at once but reads it only when told to. */
  function onSend(connection: PageConnection, device: LinkedDevice, sent: Extract<FromPage, { type: 'send' }>) {
    const { id, request, to, text } = sent;
    const phone = to.split('@')[0] ?? '';
    const base = { id, to: phone, receivedAt: new Date().toISOString(), ...(text && { text }) };
    // A page that has lost the answer sends the message again.
    if (!hasSent(device.phone, id)) {
      inbox.add(device.phone, { ...base, ...(sent.media ? contactsCopy(sent.media) : { type: 'conversation' }) });
    }
    connection.send({ type: 'answer', request });
    connection.send({ type: 'ack', id, level: 2 });
  }

  /**
   * A contact reads a message that the session has sent.
   * @throws {NotFoundError} there is no such message, or the session is not connected.
   */
  function read(phone: string, id: string) {
    const device = devices.latestOf(phone);
    if (!device || !hasSent(phone, id))
      throw new NotFoundError('read', 'the phone has sent no such message', 'see its inbox');
    const connection = live.connectionOf(device);
    if (!connection) throw new NotFoundError('read', 'the device is not connected', 'wait for its login');
    connection.send({ type: 'ack', id, level: 3 });
  }

  function hasSent(phone: string, id: string): boolean {
    return inbox.of(phone).some((message) => message.id === id);
  }

  /** A file as the contact sees it: only a document has a name. */
  function contactsCopy({ directPath, kind, fileName }: SentMedia) {
    const file = media.descriptionOf(directPath);
    if (!file) throw new BadRequestError('directPath', 'there is no such file', 'upload it first');
    const { mimetype, sizeBytes, sha256 } = file;
    const named = kind === 'document' && fileName ? { fileName } : {};
    return { type: `${kind === 'ptt' ? 'audio' : kind}Message`, media: { mimetype, ...named, sizeBytes, sha256 } };
  }

  return { deliver, sendPending, onReceived, onSend, read };
}

const toPage = (message: PendingMessage) => ({ type: 'message', ...message }) as const;
