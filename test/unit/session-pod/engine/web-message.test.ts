import type { WebMessage } from '@berth/session-pod/engine/web-message.ts';
import { ackLevel, fromWebAddress, readMessage, toWebAddress } from '@berth/session-pod/engine/web-message.ts';
import { expect, test } from 'vitest';

const text: WebMessage = {
  id: { id: '3A01', fromMe: false, _serialized: 'false_5511888880000@c.us_3A01' },
  from: '5511888880000@c.us',
  body: 'hello',
  type: 'chat',
  hasMedia: false,
  timestamp: 1_700_000_000,
};
const load = (id: string) => Promise.resolve(Buffer.from(id));

test('readMessage() reads a text, with addresses as Baileys gives them', () => {
  expect(readMessage(text, {}, load)).toEqual({
    id: '3A01',
    chat: '5511888880000@s.whatsapp.net',
    from: '5511888880000@s.whatsapp.net',
    text: 'hello',
    sentAtMs: 1_700_000_000_000,
  });
});

test('readMessage() tells the writer in a group from the group', () => {
  const inGroup = { ...text, from: '123@g.us', author: '5511888880000:7@c.us' };
  expect(readMessage(inGroup, {}, load)).toMatchObject({ chat: '123@g.us', from: '5511888880000@s.whatsapp.net' });
});

test('readMessage() reads a file, whose content is loaded when somebody asks for it', async () => {
  const image = { ...text, body: 'a caption', type: 'image', hasMedia: true };
  const message = readMessage(image, { mimetype: 'image/png', filename: 'a.png', size: 7 }, load);
  expect(message).toMatchObject({
    text: 'a caption',
    media: { mimetype: 'image/png', fileName: 'a.png', sizeBytes: 7 },
  });
  expect(Buffer.from((await message?.media?.read()) ?? []).toString()).toBe('false_5511888880000@c.us_3A01');
});

test('readMessage() keeps no more of what a sender calls a file than is needed', () => {
  const file = { ...text, type: 'document', hasMedia: true, body: '' };
  const media = readMessage(file, { mimetype: 7, filename: 'x'.repeat(1_000) }, load)?.media;
  expect(media).toMatchObject({ mimetype: 'application/octet-stream', fileName: 'x'.repeat(255) });
});

test.each([
  { name: 'a message of its own', message: { ...text, id: { ...text.id, fromMe: true } } },
  { name: 'a call', message: { ...text, type: 'call_log', body: '' } },
  { name: 'an empty text', message: { ...text, body: '' } },
  { name: 'a message that is not decrypted yet', message: { ...text, type: 'ciphertext', body: 'x' } },
])('readMessage() leaves out $name', ({ message }) => {
  expect(readMessage(message, {}, load)).toBeUndefined();
});

test('ackLevel() names each number of the page, and leaves out what is pending', () => {
  expect([-1, 0, 1, 2, 3, 4].map(ackLevel)).toEqual(['failed', undefined, 'sent', 'delivered', 'read', 'played']);
});

test.each([
  { to: '5511888880000', address: '5511888880000@c.us' },
  { to: '5511888880000@s.whatsapp.net', address: '5511888880000@c.us' },
  { to: '123-456@g.us', address: '123-456@g.us' },
  { to: '77@lid', address: '77@lid' },
])('toWebAddress() makes "$address" of "$to"', ({ to, address }) => {
  expect(toWebAddress(to)).toBe(address);
});

test('fromWebAddress() leaves out the number of a device', () => {
  expect(fromWebAddress('5511888880000:12@c.us')).toBe('5511888880000@s.whatsapp.net');
  expect(fromWebAddress('77:3@lid')).toBe('77@lid');
  expect(fromWebAddress('123@g.us')).toBe('123@g.us');
});
