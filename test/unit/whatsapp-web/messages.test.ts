import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { upload } from './site-request.ts';
import { useWhatsAppWeb } from './use-whatsapp-web.ts';

const { aLinkedPage, aNumber, phone, site } = useWhatsAppWeb();
const contact = '15557770001';

test('deliver() brings a text to the page', async () => {
  const { page, number } = await aLinkedPage();
  const { id } = await phone().deliver({ to: number, from: contact, text: 'hello' });
  const message = await page.hears('message');
  expect(message).toMatchObject({ id, from: contact, content: { text: 'hello' } });
  expect(message.sentAtSeconds).toBeCloseTo(Date.now() / 1_000, -1);
});

test('deliver() keeps a message until the page has confirmed it, and brings it before the sync ends', async () => {
  const { page, number } = await aLinkedPage();
  const first = await phone().deliver({ to: number, from: contact, text: 'one' });
  await page.hears('message');
  page.tell({ type: 'received', id: first.id });
  await phone().deliver({ to: number, from: contact, text: 'two' });
  await page.end();
  const third = await phone().deliver({ to: number, from: contact, text: 'three' });
  await page.connect();
  await page.hears('synced');
  expect(page.all('message').map(({ content }) => content.text)).toEqual(['two', 'three']);
  expect(page.all('message').at(-1)?.id).toBe(third.id);
});

test('deliver() of a file tells where its content lies', async () => {
  const { page, number } = await aLinkedPage();
  const data = Buffer.from('a small file');
  const media = { mimetype: 'application/pdf', fileName: 'invoice.pdf', data };
  await phone().deliver({ to: number, from: contact, media });
  const { content } = await page.hears('message');
  const sha256 = createHash('sha256').update(data).digest('hex');
  const described = { mimetype: 'application/pdf', fileName: 'invoice.pdf', sizeBytes: data.length, sha256 };
  expect(content).toMatchObject({ text: '', media: described });
});

test('a text that the page sends is in the inbox, and is acknowledged as sent and delivered', async () => {
  const { page, number } = await aLinkedPage();
  page.tell({ type: 'send', request: 4, id: '3EB0A', to: `${contact}@c.us`, text: 'hello out' });
  expect(await page.hears('answer')).toEqual({ type: 'answer', request: 4 });
  expect(await page.hears('ack')).toEqual({ type: 'ack', id: '3EB0A', level: 2 });
  const inbox = await phone().inbox(number);
  expect(inbox).toMatchObject([{ id: '3EB0A', to: contact, type: 'conversation', text: 'hello out' }]);
});

test('a message that the page sends twice is in the inbox once', async () => {
  const { page, number } = await aLinkedPage();
  for (const request of [1, 2]) page.tell({ type: 'send', request, id: 'A', to: `${contact}@c.us`, text: 'again' });
  await expect.poll(() => page.all('answer').length).toBe(2);
  expect(await phone().inbox(number)).toHaveLength(1);
});

test.each([
  { kind: 'document', type: 'documentMessage', named: { fileName: 'a.png' } },
  { kind: 'image', type: 'imageMessage', named: {} },
  { kind: 'ptt', type: 'audioMessage', named: {} },
])('a file that the page sends as "$kind" is in the inbox as $type', async ({ kind, type, named }) => {
  const { page, number } = await aLinkedPage();
  const data = Buffer.from(`content of a ${kind}`);
  const directPath = await upload(site(), page.login?.token, 'image/png', data);
  const file = { directPath, kind, fileName: 'a.png' };
  page.tell({ type: 'send', request: 1, id: 'A', to: `${contact}@c.us`, text: 'see', ...file });
  await page.hears('ack');
  const sha256 = createHash('sha256').update(data).digest('hex');
  const [received] = await phone().inbox(number);
  expect(received).toMatchObject({ type, text: 'see' });
  expect(received?.media).toEqual({ mimetype: 'image/png', ...named, sizeBytes: data.length, sha256 });
});

test('read() tells the page that its message was read', async () => {
  const { page, number } = await aLinkedPage();
  page.tell({ type: 'send', request: 1, id: 'A', to: `${contact}@c.us`, text: 'read me' });
  await page.hears('ack');
  await phone().read(number, 'A');
  await expect.poll(() => page.all('ack').map(({ level }) => level)).toEqual([2, 3]);
});

test('read() and deliver() answer 404 for what does not exist', async () => {
  const { number } = await aLinkedPage();
  await expect(phone().read(number, 'UNKNOWN')).rejects.toMatchObject({ status: 404 });
  const unlinked = { to: aNumber(), from: contact, text: 'to nobody' };
  await expect(phone().deliver(unlinked)).rejects.toMatchObject({ status: 404 });
});

test('messages reach only the page of their phone', async () => {
  const [one, other] = [await aLinkedPage(), await aLinkedPage()];
  await phone().deliver({ to: one.number, from: contact, text: 'to one' });
  await phone().deliver({ to: other.number, from: contact, text: 'to the other' });
  await Promise.all([one.page.hears('message'), other.page.hears('message')]);
  expect(one.page.all('message')).toMatchObject([{ content: { text: 'to one' } }]);
  expect(other.page.all('message')).toMatchObject([{ content: { text: 'to the other' } }]);
});
