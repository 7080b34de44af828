import { createHash, randomBytes } from 'node:crypto';
import tls from 'node:tls';
import { type AnyMessageContent, downloadMediaMessage } from '@whiskeysockets/baileys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { mediaCertificates } from '../../whatsapp/media-certificates.ts';
import { MediaStore } from '../../whatsapp/media-store.ts';
import type { BaileysClient } from './baileys-client.ts';
import { useWhatsApp } from './use-whatsapp.ts';

const { aLinkedClient, phone, whatsApp } = useWhatsApp();
const trusted = tls.getCACertificates('default');

beforeAll(() => tls.setDefaultCACertificates([whatsApp().mediaAuthority]));
afterAll(() => tls.setDefaultCACertificates(trusted));

const data = randomBytes(100_000);
const sha256 = createHash('sha256').update(data).digest('hex');
const contact = '15557770031';

async function inboxOf(number: string) {
  return waitUntil('the file', 10_000, async () => {
    const [value] = await phone().inbox(number);
    return value ? { value } : { seen: 'an empty inbox' };
  });
}

const noThumbnail = { jpegThumbnail: '' };
test.each<{ readonly kind: string; readonly number: string; readonly sent: AnyMessageContent; readonly got: object }>([
  {
    kind: 'image',
    number: '1',
    sent: { image: data, mimetype: 'image/png', caption: 'a picture', ...noThumbnail },
    got: { type: 'imageMessage', text: 'a picture', media: { mimetype: 'image/png' } },
  },
  {
    kind: 'video',
    number: '2',
    sent: { video: data, mimetype: 'video/mp4', ...noThumbnail },
    got: { type: 'videoMessage', media: { mimetype: 'video/mp4' } },
  },
  {
    kind: 'audio',
    number: '3',
    sent: { audio: data, mimetype: 'audio/ogg; codecs=opus', seconds: 1 },
    got: { type: 'audioMessage', media: { mimetype: 'audio/ogg; codecs=opus' } },
  },
  {
    kind: 'document',
    number: '4',
    sent: { document: data, mimetype: 'application/pdf', fileName: 'a.pdf', caption: 'an invoice' },
    got: { type: 'documentMessage', text: 'an invoice', media: { mimetype: 'application/pdf', fileName: 'a.pdf' } },
  },
])(
  'startWhatsApp() takes a file of the kind $kind from a client, and its contact can read it',
  async ({ sent, got }) => {
    const { client, number } = await aLinkedClient();
    await client.socket.sendMessage(`${contact}@s.whatsapp.net`, sent);
    expect(await inboxOf(number)).toMatchObject({ to: contact, ...got });
    expect(await inboxOf(number)).toMatchObject({ media: { sizeBytes: data.length, sha256 } });
  },
);

async function messageOf(client: BaileysClient) {
  return waitUntil('a message', 10_000, async () => {
    const [value] = client.messages;
    return value ? { value } : { seen: 'none' };
  });
}

test.each([
  { mimetype: 'image/jpeg', text: 'look', type: 'imageMessage' },
  { mimetype: 'video/mp4', text: 'look', type: 'videoMessage' },
  { mimetype: 'audio/mpeg', text: '', type: 'audioMessage' },
  { mimetype: 'application/zip', text: '', type: 'documentMessage' },
  { mimetype: 'application/zip', text: 'read', type: 'documentWithCaptionMessage' },
])('deliver() sends $mimetype as $type, and a client can read it', async ({ mimetype, text, type }) => {
  const { client, number } = await aLinkedClient();
  const { socket } = client;
  await phone().deliver({ to: number, from: contact, text, media: { mimetype, fileName: 'x', data } });
  const message = await messageOf(client);
  expect(Object.keys(message.message ?? {})).toContain(type);
  const { hosts } = await socket.refreshMediaConn(false);
  const host = hosts[0]?.hostname ?? '';
  const read = await downloadMediaMessage(message, 'buffer', { host });
  expect(createHash('sha256').update(read).digest('hex')).toBe(sha256);
});

test('startWhatsApp() takes no file without the key that a linked client gets', async () => {
  const { mediaPort } = whatsApp();
  const upload = (path: string) =>
    fetch(`https://127.0.0.1:${mediaPort}${path}`, { method: 'POST', body: 'x', signal: AbortSignal.timeout(5_000) });
  expect((await upload('/mms/image/abc?auth=none')).status).toBe(403);
  expect((await upload('/elsewhere')).status).toBe(404);
  expect((await fetch(`https://127.0.0.1:${mediaPort}/v/none`)).status).toBe(404);
});

test('the host of files has a certificate for whatever name it is reached by', async () => {
  const name = 'stand-ins.berth-test.svc.cluster.local';
  const authorized = await new Promise<boolean>((resolve, reject) => {
    const socket = tls.connect({ port: whatsApp().mediaPort, host: '127.0.0.1', servername: name }, () => {
      resolve(socket.authorized);
      socket.end();
    });
    socket.once('error', reject);
  });
  expect(authorized).toBe(true);
});

test('mediaCertificates() gives the same authority for the same root key, so a new start is trusted as the old one', async () => {
  const [first, again, other] = await Promise.all([1, 1, 2].map((key) => mediaCertificates(Buffer.alloc(32, key))));
  expect(again?.authority).toBe(first?.authority);
  expect(other?.authority).not.toBe(first?.authority);
});

test('MediaStore forgets its oldest files beyond 128 MiB', () => {
  const store = new MediaStore();
  const paths = Array.from({ length: 5 }, () => store.put(Buffer.alloc(30 * 1_024 * 1_024)));
  expect(paths.map((path) => store.get(path) !== undefined)).toEqual([false, true, true, true, true]);
});
