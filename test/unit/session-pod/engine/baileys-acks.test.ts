import { EventEmitter } from 'node:events';
import { hearAcks } from '@berth/session-pod/engine/baileys-acks.ts';
import type { MessageAck } from '@berth/session-pod/engine/engine.ts';
import type { WASocket } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { useBaileysEngine } from './use-baileys-engine.ts';

const { aLinkedEngine, phone } = useBaileysEngine();

test('createBaileysEngine() tells when a message was sent, delivered and read', async () => {
  const number = '5511999960001';
  const { engine, acks } = await aLinkedEngine(number);
  const id = await engine.sendText('5511888860001', 'hello');
  const levels = () => acks.filter((ack) => ack.id === id).map(({ level }) => level);
  await eventually(levels, (seen) => seen.includes('sent') && seen.includes('delivered'));
  await phone().read(number, id);
  await eventually(levels, (seen) => seen.includes('read'));
  expect(levels()[0]).toBe('sent');
});

/** What is told of one event of Baileys. */
function acksOf(emitter: 'ev' | 'ws', event: string, payload: unknown): readonly MessageAck[] {
  const socket = { ev: new EventEmitter(), ws: new EventEmitter() };
  const acks: MessageAck[] = [];
  hearAcks(socket as unknown as WASocket, (ack) => acks.push(ack));
  socket[emitter].emit(event, payload);
  return acks;
}
const own = { id: 'm1', fromMe: true };

test.each([
  {
    name: 'a refused message',
    event: 'messages.update',
    payload: [{ key: own, update: { status: 0 } }],
    level: 'failed',
  },
  { name: 'a played sound', event: 'messages.update', payload: [{ key: own, update: { status: 5 } }], level: 'played' },
  {
    name: 'a message that was read while events were held back',
    event: 'messages.upsert',
    payload: { type: 'append', messages: [{ key: own, status: 4 }] },
    level: 'read',
  },
  {
    name: 'a delivery in a group',
    event: 'message-receipt.update',
    payload: [{ key: own, receipt: { receiptTimestamp: 7 } }],
    level: 'delivered',
  },
  {
    name: 'a reader in a group',
    event: 'message-receipt.update',
    payload: [{ key: own, receipt: { readTimestamp: 7 } }],
    level: 'read',
  },
])('hearAcks() tells of $name', ({ event, payload, level }) => {
  expect(acksOf('ev', event, payload)).toEqual([{ id: 'm1', level }]);
});

test.each([
  {
    name: 'a message that WhatsApp has not got yet',
    event: 'messages.update',
    payload: [{ key: own, update: { status: 1 } }],
  },
  { name: 'another change of a message', event: 'messages.update', payload: [{ key: own, update: { starred: true } }] },
  {
    name: 'what was read of others',
    event: 'messages.update',
    payload: [{ key: { id: 'm1', fromMe: false }, update: { status: 4 } }],
  },
  {
    name: 'a message of another device',
    event: 'messages.upsert',
    payload: { type: 'notify', messages: [{ key: own, status: 2 }] },
  },
  {
    name: 'a message without a status',
    event: 'messages.upsert',
    payload: { type: 'append', messages: [{ key: own }] },
  },
])('hearAcks() tells nothing of $name', ({ event, payload }) => {
  expect(acksOf('ev', event, payload)).toEqual([]);
});

test('hearAcks() does not take a refusal for "sent"', () => {
  const ack = (attrs: object) => acksOf('ws', 'CB:ack,class:message', { tag: 'ack', attrs });
  expect(ack({ id: 'm1' })).toEqual([{ id: 'm1', level: 'sent' }]);
  expect(ack({ id: 'm1', error: '479' })).toEqual([]);
});
