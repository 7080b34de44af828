import { RecipientUnknownError } from '@berth/session-pod/engine/recipient-unknown-error.ts';
import { mediaContent, sendByPage } from '@berth/session-pod/engine/web-sending.ts';
import { expect, test } from 'vitest';
import type { Message } from 'whatsapp-web.js';

const data = Buffer.from('content');

test.each([
  { mimetype: 'audio/ogg; codecs=opus', caption: 'listen', isDocument: true },
  { mimetype: 'audio/ogg; codecs=opus', caption: '', isDocument: undefined },
  { mimetype: 'image/png', caption: 'look', isDocument: undefined },
])('mediaContent() keeps the caption "$caption" of $mimetype', ({ mimetype, caption, isDocument }) => {
  const { content, options } = mediaContent({ mimetype, data }, caption);
  expect(content).toMatchObject({ mimetype, data: data.toString('base64') });
  expect(options).toEqual({ caption, ...(isDocument ? { sendMediaAsDocument: true } : {}) });
});

test('mediaContent() gives a file without a name one', () => {
  const file = { mimetype: 'application/pdf', data };
  expect(mediaContent(file, '').content).toMatchObject({ filename: 'file' });
  expect(mediaContent({ ...file, fileName: 'a.pdf' }, '').content).toMatchObject({ filename: 'a.pdf' });
});

test("sendByPage() gives the message's id, and disturbs nothing on the phone", async () => {
  const asked: unknown[] = [];
  const client = {
    async sendMessage(...words: unknown[]) {
      asked.push(words);
      return { id: { id: '3EB0' } } as Message;
    },
  };
  expect(await sendByPage(client, '5511999990000', { content: 'hello', options: {} })).toBe('3EB0');
  expect(asked).toEqual([['5511999990000@c.us', 'hello', { sendSeen: false, linkPreview: false, parseVCards: false }]]);
});

test.each([
  { name: 'finds no chat', sendMessage: async () => undefined as unknown as Message },
  { name: 'throws', sendMessage: () => Promise.reject<Message>(new Error('No LID for user\n    at b (x.js:1:2)')) },
])('sendByPage() says that a recipient is unknown where the page $name: waiting would not help', async (client) => {
  const sending = sendByPage(client, '5511999990000', { content: 'hello', options: {} });
  await expect(sending).rejects.toThrow(RecipientUnknownError);
  await expect(sending).rejects.toMatchObject({ retryable: false });
});

test('sendByPage() leaves every other error as it is: nobody knows what became of the message', async () => {
  const error = new Error('Target closed');
  const client = { sendMessage: () => Promise.reject<Message>(error) };
  await expect(sendByPage(client, '5511999990000', { content: 'hello', options: {} })).rejects.toBe(error);
});
