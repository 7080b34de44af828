import { request } from 'node:http';
import { join } from 'node:path';
import { maxMediaBytes } from '@berth/protocol';
import { createLocalServer } from '@berth/session-pod/api/local-server.ts';
import { mediaRoute } from '@berth/session-pod/api/routes/media.get.ts';
import { recentMessagesRoute } from '@berth/session-pod/api/routes/messages.get.ts';
import { sendMessageRoute } from '@berth/session-pod/api/routes/messages.post.ts';
import { stopRoute } from '@berth/session-pod/api/routes/stop.post.ts';
import type { InboundMedia, MediaFile } from '@berth/session-pod/engine/engine.ts';
import { MediaUnavailableError } from '@berth/session-pod/engine/media-unavailable-error.ts';
import { NotConnectedError } from '@berth/session-pod/engine/not-connected-error.ts';
import { RecipientUnknownError } from '@berth/session-pod/engine/recipient-unknown-error.ts';
import { createFileSlot } from '@berth/session-pod/run/file-slot.ts';
import { createRecentMessages } from '@berth/session-pod/run/recent-messages.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { silentLog } from '../silent-log.ts';

vi.setConfig({ testTimeout: 20_000 }); // Files of 16 MiB, on a machine that runs other tests as well.

interface Reply {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly content: Buffer;
}
type Send = (to: string, media: MediaFile, caption: string) => Promise<string>;

/** The API of a session that sends files as told, and has one message, with this file. */
async function aSession({
  send = async () => 'id-1',
  media,
}: {
  readonly send?: Send;
  readonly media?: InboundMedia;
} = {}) {
  const socket = join(aTemporaryDirectory(), 'berth.sock');
  const files = createFileSlot();
  const messages = createRecentMessages();
  messages.add({ id: 'm', chat: 'c', from: 'c', text: '', sentAtMs: 0, ...(media ? { media } : {}) });
  const server = createLocalServer({
    socket,
    log: silentLog,
    routes: [
      sendMessageRoute({
        isReady: () => true,
        sendText: async () => 'text',
        sendMedia: (to, file, caption) => files.during(() => send(to, file, caption)),
      }),
      recentMessagesRoute({ since: messages.since }),
      mediaRoute({ find: messages.find, read: (file) => files.during(() => file.read()) }),
      stopRoute({ stop: () => {} }),
    ],
  });
  await server.listen();
  onTestFinished(() => server.close());
  const ask = (path: string, body?: string) =>
    new Promise<Reply>((resolve, reject) => {
      const outgoing = request(
        { socketPath: socket, path, method: body === undefined ? 'GET' : 'POST' },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const { statusCode = 0, headers } = response;
            resolve({ status: statusCode, contentType: headers['content-type'], content: Buffer.concat(chunks) });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const post = (file: object, more: object = {}) =>
    ask('/v1/messages', JSON.stringify({ to: '5511999999999', media: file, ...more }));
  return { ask, post };
}

const problemOf = ({ status, content }: Reply) => ({ status, ...(JSON.parse(content.toString()) as { code: string }) });
const png = (data: Buffer) => ({ mimetype: 'image/png', data: data.toString('base64') });
/** A promise that is settled from outside. */
function aPause() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { over: promise, end: resolve };
}

test('sendMessageRoute() sends a file of 16 MiB with its caption, and refuses a larger one', async () => {
  const sent: (readonly [string, number, string])[] = [];
  const { post } = await aSession({
    async send(_to, { mimetype, data }, caption) {
      sent.push([mimetype, data.length, caption]);
      return 'id-9';
    },
  });
  const largest = await post(png(Buffer.alloc(maxMediaBytes)), { text: 'the largest' });
  expect([largest.status, largest.content.toString()]).toEqual([200, '{"id":"id-9"}']);
  expect(problemOf(await post(png(Buffer.alloc(maxMediaBytes + 1))))).toMatchObject({
    status: 413,
    code: 'FILE_TOO_LARGE',
  });
  const larger = await post(png(Buffer.alloc(maxMediaBytes + 512 * 1_024)));
  expect(problemOf(larger)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  expect(sent).toEqual([['image/png', maxMediaBytes, 'the largest']]);
});

test.each([
  { name: 'there is no connection', error: new NotConnectedError('send a message'), status: 409, code: 'NOT_READY' },
  { name: 'nobody has this number', error: new RecipientUnknownError(), status: 422, code: 'RECIPIENT_UNKNOWN' },
  { name: 'nobody knows', error: new Error('x'.repeat(1_000)), status: 504, code: 'SEND_UNCONFIRMED' },
])('sendMessageRoute() answers $status where $name', async ({ error, status, code }) => {
  const { post } = await aSession({ send: () => Promise.reject(error) });
  const { detail, ...told } = problemOf(await post(png(Buffer.alloc(3)))) as { code: string; detail?: string };
  expect(told).toMatchObject({ status, code });
  expect(detail).toBe(error.message.slice(0, 300));
});

test('createRequestListener() takes a large body on the route of messages alone', async () => {
  const { ask } = await aSession();
  const body = JSON.stringify({ withinMs: 1, more: 'x'.repeat(600_000) });
  expect(problemOf(await ask('/v1/stop', body))).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
});

test.each([
  { name: 'nothing', media: {} },
  { name: 'a mimetype that is none', media: { mimetype: 'png', data: 'AAAA' } },
  { name: 'a mimetype with a line break', media: { mimetype: 'image/png\nx: y', data: 'AAAA' } },
  { name: 'no data', media: { mimetype: 'image/png' } },
  { name: 'data that is no base64', media: { mimetype: 'image/png', data: 'A!AA' } },
  { name: 'half a base64', media: { mimetype: 'image/png', data: 'AAA' } },
  { name: 'an empty file', media: { mimetype: 'image/png', data: '' } },
  { name: 'a name with a path', media: { mimetype: 'image/png', data: 'AAAA', fileName: '../x' } },
  { name: 'a name without an end', media: { mimetype: 'image/png', data: 'AAAA', fileName: 'n'.repeat(256) } },
  { name: 'a text', media: 'AAAA' },
])('sendMessageRoute() refuses $name as a file', async ({ media }) => {
  const { post } = await aSession();
  expect(problemOf(await post(media as object))).toMatchObject({ status: 400, code: 'BAD_MEDIA' });
});

test('sendMessageRoute() sends one file at a time, and texts meanwhile', async () => {
  const pause = aPause();
  const begun = aPause();
  const { post, ask } = await aSession({
    async send() {
      begun.end();
      await pause.over;
      return 'id-1';
    },
  });
  const first = post(png(Buffer.alloc(1_000)));
  await begun.over;
  expect(problemOf(await post(png(Buffer.alloc(1_000))))).toMatchObject({ status: 429, code: 'FILE_UNDER_WAY' });
  expect((await ask('/v1/messages', '{"to":"5511999999999","text":"hi"}')).status).toBe(200);
  pause.end();
  expect((await first).status).toBe(200);
  expect((await post(png(Buffer.alloc(1_000)))).status).toBe(200);
});

test('createRequestListener() reads one large body at a time', async () => {
  const pause = aPause();
  const begun = aPause();
  const { post } = await aSession({
    async send() {
      begun.end();
      await pause.over;
      return 'id-1';
    },
  });
  const first = post(png(Buffer.alloc(1_000_000)));
  await begun.over;
  // Refused while it is read, before anybody looks into it.
  expect(problemOf(await post({ mimetype: 'none', data: 'A'.repeat(1_000_000) }))).toMatchObject({ status: 429 });
  pause.end();
  expect((await first).status).toBe(200);
  expect((await post(png(Buffer.alloc(1_000_000)))).status).toBe(200);
});

const aFile = (read: InboundMedia['read'], more: Partial<InboundMedia> = {}): InboundMedia => ({
  mimetype: 'text/html',
  ...more,
  read,
});

test('mediaRoute() gives the bytes of a file, and never as what its sender calls it', async () => {
  const { ask } = await aSession({ media: aFile(async () => Buffer.from([0, 255])) });
  const { status, contentType, content } = await ask('/v1/media?sequence=1');
  expect([status, contentType, [...content]]).toEqual([200, 'application/octet-stream', [0, 255]]);
});

test('recentMessagesRoute() tells of a file without loading it', async () => {
  let loaded = 0;
  const read = async () => {
    loaded += 1;
    return new Uint8Array();
  };
  const { ask } = await aSession({ media: aFile(read, { fileName: 'a.html', sizeBytes: 7 }) });
  const { messages } = JSON.parse((await ask('/v1/messages')).content.toString()) as { messages: object[] };
  expect(messages).toMatchObject([{ sequence: 1, media: { mimetype: 'text/html', fileName: 'a.html', sizeBytes: 7 } }]);
  expect(loaded).toBe(0);
});

test.each([
  { name: 'no such message', path: '/v1/media?sequence=2', status: 404 },
  { name: 'no sequence', path: '/v1/media', status: 404 },
  { name: 'a file that is gone', error: new MediaUnavailableError('it is gone', false), status: 502 },
  { name: 'no connection', error: new NotConnectedError('read the file'), status: 409 },
  { name: 'a bug', error: new Error('boom'), status: 502 },
])('mediaRoute() answers $status for $name', async ({ path = '/v1/media?sequence=1', error, status }) => {
  const { ask } = await aSession({ media: aFile(() => Promise.reject(error ?? new Error('not asked'))) });
  const answer = await ask(path);
  expect([answer.status, answer.contentType]).toEqual([status, 'application/problem+json']);
});

test('mediaRoute() does not load a file that is too large, or a second one at once', async () => {
  let loaded = 0;
  const pause = aPause();
  const begun = aPause();
  const read = async () => {
    loaded += 1;
    begun.end();
    await pause.over;
    return new Uint8Array([1]);
  };
  const large = await aSession({ media: aFile(read, { sizeBytes: maxMediaBytes + 1 }) });
  expect(problemOf(await large.ask('/v1/media?sequence=1'))).toMatchObject({ status: 502, code: 'MEDIA_UNAVAILABLE' });
  expect(loaded).toBe(0);
  const { ask } = await aSession({ media: aFile(read) });
  const first = ask('/v1/media?sequence=1');
  await begun.over;
  expect(problemOf(await ask('/v1/media?sequence=1'))).toMatchObject({ status: 429 });
  pause.end();
  expect((await first).status).toBe(200);
});
