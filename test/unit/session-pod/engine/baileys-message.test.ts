import { readMessage } from '@berth/session-pod/engine/baileys-message.ts';
import { expect, test, vi } from 'vitest';

const key = { id: 'm1', remoteJid: '99@lid', remoteJidAlt: '5511999999999@s.whatsapp.net', fromMe: false };
const load = async () => new Uint8Array([1]);
const file = {
  mediaKey: new Uint8Array([2]),
  directPath: '/v/x',
  fileSha256: new Uint8Array([3]),
  fileLength: 9,
  mimetype: 'image/png',
};

test('readMessage() reads both kinds of text and prefers the phone number', () => {
  const expected = { id: 'm1', chat: key.remoteJidAlt, from: key.remoteJidAlt, text: 'hi', sentAtMs: 7_000 };
  const read = (message: object) => readMessage({ key, message, messageTimestamp: 7 }, load);
  expect(read({ conversation: 'hi' })).toEqual(expected);
  expect(read({ extendedTextMessage: { text: 'hi' } })).toEqual(expected);
  expect(read({ ephemeralMessage: { message: { conversation: 'hi' } } })).toEqual(expected);
});

test('readMessage() tells the writer from the group', () => {
  const inGroup = { id: 'm1', remoteJid: '1@g.us', participant: '99@lid', participantAlt: key.remoteJidAlt };
  expect(readMessage({ key: inGroup, message: { conversation: 'hi' } }, load)).toMatchObject({
    chat: '1@g.us',
    from: key.remoteJidAlt,
  });
});

test.each([
  { name: 'an image', message: { imageMessage: { ...file, caption: 'look' } }, text: 'look', type: 'image' },
  { name: 'a sound', message: { audioMessage: file }, text: '', type: 'audio' },
  { name: 'a sticker', message: { stickerMessage: file }, text: '', type: 'sticker' },
  { name: 'a video note', message: { ptvMessage: file }, text: '', type: 'ptv' },
  {
    name: 'a document with a caption',
    message: { documentWithCaptionMessage: { message: { documentMessage: { ...file, caption: 'read' } } } },
    text: 'read',
    type: 'document',
  },
])('readMessage() reads $name, and loads it only when asked to', async ({ message, text, type }) => {
  const loaded = vi.fn<typeof load>(load);
  const read = readMessage({ key, message }, loaded);
  expect(read).toMatchObject({ text, media: { mimetype: 'image/png', sizeBytes: 9 } });
  expect(loaded).not.toHaveBeenCalled();
  expect(await read?.media?.read()).toEqual(new Uint8Array([1]));
  const { mediaKey, directPath, fileSha256 } = file;
  expect(loaded).toHaveBeenCalledWith({ type, mediaKey, directPath, sha256: fileSha256, sizeBytes: 9 });
});

test('readMessage() cuts the names that a sender chose', () => {
  const named = { ...file, fileName: 'n'.repeat(1_000), mimetype: `text/${'m'.repeat(1_000)}` };
  const { media } = readMessage({ key, message: { documentMessage: named } }, load) ?? {};
  expect([media?.fileName?.length, media?.mimetype.length]).toEqual([255, 255]);
});

test('readMessage() leaves out own messages and what has neither text nor a file that can be read', () => {
  expect(readMessage({ key: { ...key, fromMe: true }, message: { conversation: 'hi' } }, load)).toBeUndefined();
  expect(readMessage({ key, message: { imageMessage: {} } }, load)).toBeUndefined();
  expect(readMessage({ key, message: { viewOnceMessage: { message: { imageMessage: {} } } } }, load)).toBeUndefined();
  expect(readMessage({ key }, load)).toBeUndefined();
});
