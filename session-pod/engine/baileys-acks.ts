import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import type { AckLevel, MessageAck } from './engine.ts';

/** Baileys' numbers, `proto.WebMessageInfo.Status`; 1 is a message that WhatsApp has not got yet. */
const levels: Readonly<Record<number, AckLevel>> = { 0: 'failed', 2: 'sent', 3: 'delivered', 4: 'read', 5: 'played' };

/** Hears what becomes of the messages that this account sent. The same may be told twice, or after something better. */
export function hearAcks({ ev, ws }: Pick<WASocket, 'ev' | 'ws'>, onAck: (ack: MessageAck) => void): void {
  const tell = (id: string | null | undefined, level: AckLevel | undefined) => {
    if (id && level) onAck({ id, level });
  };
  // Baileys tells only when WhatsApp refuses a message, not when it takes one.
  ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => {
    if (attrs['error'] === undefined) tell(attrs['id'], 'sent');
  });
  ev.on('messages.update', (updates) => {
    for (const { key, update } of updates) if (key.fromMe) tell(key.id, levels[update.status ?? -1]);
  });
  // While Baileys holds events back it writes what it learns of a message into the message itself.
  ev.on('messages.upsert', ({ messages, type }) => {
    if (type !== 'append') return; // Sent by another device of the account, just now.
    for (const message of messages) {
      const isTold = message.key.fromMe && Object.hasOwn(message, 'status');
      if (isTold) tell(message.key.id, levels[message.status ?? -1]);
    }
  });
  // In a group each member has a time of its own; the first one says as much as is told here.
  ev.on('message-receipt.update', (updates) => {
    for (const { key, receipt } of updates) {
      const { receiptTimestamp, readTimestamp, playedTimestamp } = receipt;
      if (key.fromMe)
        tell(key.id, playedTimestamp ? 'played' : readTimestamp ? 'read' : receiptTimestamp ? 'delivered' : undefined);
    }
  });
}
