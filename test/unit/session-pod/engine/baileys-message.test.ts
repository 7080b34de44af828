import { readTextMessage } from '@berth/session-pod/engine/baileys-message.ts';
import { expect, test } from 'vitest';

const key = { id: 'm1', remoteJid: '99@lid', remoteJidAlt: '5511999999999@s.whatsapp.net', fromMe: false };

test('readTextMessage() reads both kinds of text and prefers the phone number', () => {
  const expected = { id: 'm1', chat: key.remoteJidAlt, from: key.remoteJidAlt, text: 'hi', sentAtMs: 7_000 };
  expect(readTextMessage({ key, message: { conversation: 'hi' }, messageTimestamp: 7 })).toEqual(expected);
  expect(readTextMessage({ key, message: { extendedTextMessage: { text: 'hi' } }, messageTimestamp: 7 })).toEqual(
    expected,
  );
});

test('readTextMessage() tells the writer from the group', () => {
  const inGroup = { id: 'm1', remoteJid: '1@g.us', participant: '99@lid', participantAlt: key.remoteJidAlt };
  expect(readTextMessage({ key: inGroup, message: { conversation: 'hi' } })).toMatchObject({
    chat: '1@g.us',
    from: key.remoteJidAlt,
  });
});

test('readTextMessage() leaves out own messages and what has no text', () => {
  expect(readTextMessage({ key: { ...key, fromMe: true }, message: { conversation: 'hi' } })).toBeUndefined();
  expect(readTextMessage({ key, message: { imageMessage: {} } })).toBeUndefined();
  expect(readTextMessage({ key })).toBeUndefined();
});
