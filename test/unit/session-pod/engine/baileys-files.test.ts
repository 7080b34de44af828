import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { useBaileysEngine } from './use-baileys-engine.ts';

const { aLinkedEngine, phone } = useBaileysEngine();
const contact = '5511888870001';
const data = randomBytes(200_000);
const sha256 = createHash('sha256').update(data).digest('hex');

test.each([
  { mimetype: 'image/png', caption: 'a picture', type: 'imageMessage', number: '5511999970001' },
  { mimetype: 'video/mp4', caption: '', type: 'videoMessage', number: '5511999970002' },
  { mimetype: 'audio/ogg; codecs=opus', caption: '', type: 'audioMessage', number: '5511999970003' },
  { mimetype: 'audio/ogg', caption: 'a sound', type: 'documentMessage', fileName: 'file', number: '5511999970004' },
  {
    mimetype: 'application/pdf',
    caption: 'a bill',
    type: 'documentMessage',
    fileName: 'b.pdf',
    number: '5511999970005',
  },
])('sendMedia() sends $mimetype with the caption "$caption" as $type', async ({ number, ...given }) => {
  const { mimetype, caption, type, fileName } = given;
  const { engine } = await aLinkedEngine(number);
  const file = { mimetype, data, ...(fileName === undefined || fileName === 'file' ? {} : { fileName }) };
  const id = await engine.sendMedia(contact, file, caption);
  const inbox = await eventually(
    () => phone().inbox(number),
    (seen) => seen.length > 0,
  );
  const media = { mimetype, sizeBytes: data.length, sha256, ...(fileName ? { fileName } : {}) };
  expect(inbox).toMatchObject([{ id, to: contact, type, media, ...(caption === '' ? {} : { text: caption }) }]);
});

test.each([
  { mimetype: 'image/jpeg', text: 'look', fileName: undefined, number: '5511999971001' },
  { mimetype: 'application/zip', text: 'all of it', fileName: 'all.zip', number: '5511999971002' },
  { mimetype: 'audio/mpeg', text: '', fileName: undefined, number: '5511999971003' },
])('createBaileysEngine() tells of a file of $mimetype, and reads it when asked to', async ({ number, ...given }) => {
  const { mimetype, text, fileName } = given;
  const { messages } = await aLinkedEngine(number);
  const named = fileName === undefined ? {} : { fileName };
  const { id } = await phone().deliver({ to: number, from: contact, text, media: { mimetype, data, ...named } });
  const [message] = await eventually(
    () => messages,
    (seen) => seen.length > 0,
  );
  expect(message).toMatchObject({ id, from: `${contact}@s.whatsapp.net`, text });
  expect(message?.media).toMatchObject({ mimetype, sizeBytes: data.length, ...named });
  const read = await message?.media?.read();
  expect(
    createHash('sha256')
      .update(read ?? '')
      .digest('hex'),
  ).toBe(sha256);
});

test('read() says so when the engine has no connection, and reads the file once it has one again', async () => {
  const number = '5511999971004';
  const { messages, engine, event, events } = await aLinkedEngine(number);
  await phone().deliver({ to: number, from: contact, media: { mimetype: 'image/png', data } });
  const [message] = await eventually(
    () => messages,
    (seen) => seen.length > 0,
  );
  const opened = events.length;
  await engine.connect();
  await expect(message?.media?.read()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  await event('Opened', opened);
  expect(await message?.media?.read()).toHaveLength(data.length);
});
