import { execFile } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLocalServer } from '@berth/session-pod/api/local-server.ts';
import { recentAcksRoute } from '@berth/session-pod/api/routes/acks.get.ts';
import { mediaRoute } from '@berth/session-pod/api/routes/media.get.ts';
import { recentMessagesRoute } from '@berth/session-pod/api/routes/messages.get.ts';
import { sendMessageRoute } from '@berth/session-pod/api/routes/messages.post.ts';
import { pairingCodeRoute } from '@berth/session-pod/api/routes/pairing-code.get.ts';
import { qrRoute } from '@berth/session-pod/api/routes/qr.get.ts';
import { readyzRoute } from '@berth/session-pod/api/routes/readyz.get.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { silentLog } from '../silent-log.ts';

const program = join(import.meta.dirname, '..', '..', '..', '..', 'session-pod', 'local.ts');

vi.setConfig({ testTimeout: 20_000 }); // Each word to the tool is a start of Node.

const received = {
  sequence: 1,
  id: 'a',
  chat: 'x@s.whatsapp.net',
  from: 'x@s.whatsapp.net',
  text: 'hello',
  sentAtMs: 0,
  media: { mimetype: 'image/png', sizeBytes: 4, read: async () => Buffer.from([0, 1, 254, 255]) },
};

/** A session on a socket of its own, and the tool that speaks to it. */
async function aLocalSession({ qr }: { readonly qr?: string } = {}) {
  const socket = join(aTemporaryDirectory(), 'berth.sock');
  const sent: unknown[] = [];
  const server = createLocalServer({
    socket,
    log: silentLog,
    routes: [
      qrRoute({ qr: () => qr }),
      readyzRoute({ state: () => 'waiting_for_pairing', probe: async () => {} }),
      pairingCodeRoute({ pairingCode: () => 'ABCD1234' }),
      recentMessagesRoute({ since: () => [received] }),
      recentAcksRoute({ since: () => [{ sequence: 1, id: 'b', level: 'read' }] }),
      mediaRoute({
        find: (sequence) => (sequence === 1 ? received : undefined),
        read: (media) => media.read(),
      }),
      sendMessageRoute({
        isReady: () => true,
        sendText: async (to, text) => {
          sent.push({ to, text });
          return 'id-1';
        },
        async sendMedia(to, { mimetype, fileName, data }, caption) {
          sent.push({ to, mimetype, fileName, data: Buffer.from(data).toString(), caption });
          return 'id-2';
        },
      }),
    ],
  });
  await server.listen();
  onTestFinished(() => server.close());
  const local = (...words: string[]) =>
    promisify(execFile)(process.execPath, [program, ...words], {
      env: { BERTH_LOCAL_SOCKET: socket },
      timeout: 10_000,
    });
  /** What the tool prints, as bytes, with this on its standard input. */
  const piped = async (input: string, ...words: string[]): Promise<Buffer> => {
    const running = promisify(execFile)(process.execPath, [program, ...words], {
      env: { BERTH_LOCAL_SOCKET: socket },
      timeout: 10_000,
      encoding: 'buffer',
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };
  return { socket, sent, server, local, piped };
}

test('createLocalServer() lets nobody but its own user in', async () => {
  const { socket } = await aLocalSession();
  expect(statSync(socket).mode & 0o777).toBe(0o600);
});

test('createLocalServer() takes the place of a socket that a killed process left', async () => {
  const { socket } = await aLocalSession();
  const next = createLocalServer({ socket, log: silentLog, routes: [] });
  onTestFinished(() => next.close());
  await expect(next.listen()).resolves.toBeUndefined();
});

test('local.ts prints the QR code as text, and drawn in lines of equal width', async () => {
  const { local } = await aLocalSession({ qr: 'https://wa.me/settings/linked_devices#ref' });
  expect((await local('qr', '--text')).stdout).toBe('https://wa.me/settings/linked_devices#ref\n');
  const lines = (await local('qr')).stdout.trimEnd().split('\n');
  // oxlint-disable-next-line no-control-regex
  const widths = new Set(lines.map((line) => line.replace(/\u001B\[[\d;]*m/g, '').length));
  expect(widths.size).toBe(1);
  expect(lines.length).toBeGreaterThan(10);
});

test('local.ts says in the words of the session why there is no QR code, and exits with 1', async () => {
  const { local } = await aLocalSession();
  await expect(local('qr')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Cannot give a QR code'),
  });
});

test('local.ts sends a text, shows what came in, and tells the state', async () => {
  const { local, sent } = await aLocalSession();
  expect(JSON.parse((await local('send', '15550001000', 'good', 'day')).stdout)).toEqual({ id: 'id-1' });
  expect(sent).toEqual([{ to: '15550001000', text: 'good day' }]);
  expect(JSON.parse((await local('messages')).stdout)).toMatchObject({ text: 'hello' });
  expect(JSON.parse((await local('state')).stdout)).toMatchObject({ state: 'waiting_for_pairing' });
});

test('local.ts says that nobody answers when the process is gone', async () => {
  const { local, server } = await aLocalSession();
  await server.close();
  await expect(local('state')).rejects.toMatchObject({ stderr: expect.stringContaining('does not answer') });
});

test('local.ts explains itself, and exits with 2 on a word it does not know', async () => {
  const { local } = await aLocalSession();
  expect((await local()).stdout).toContain('send <to> <text>');
  await expect(local('dance')).rejects.toMatchObject({ code: 2 });
});

test('local.ts gives the pairing code, and what became of messages', async () => {
  const { local } = await aLocalSession();
  expect((await local('pairing-code')).stdout).toBe('ABCD1234\n');
  expect(JSON.parse((await local('acks')).stdout)).toEqual({ sequence: 1, id: 'b', level: 'read' });
});

test('local.ts sends a file from a path, from standard input, and from base64', async () => {
  const { local, piped, sent } = await aLocalSession();
  const file = join(aTemporaryDirectory(), 'note.txt');
  writeFileSync(file, 'a note');
  expect(JSON.parse((await local('send-file', '15550001000', file, 'for', 'you')).stdout)).toEqual({ id: 'id-2' });
  await piped('a pipe', 'send-file', '15550001000', '-');
  // As base64 prints it: wrapped.
  await piped(
    'YSBw\naWN0\r\ndXJl\n',
    'send-file',
    '--base64',
    '--type',
    'image/png',
    '--name',
    'p.png',
    '15550001000',
    '-',
  );
  expect(sent).toEqual([
    { to: '15550001000', mimetype: 'text/plain', fileName: 'note.txt', data: 'a note', caption: 'for you' },
    { to: '15550001000', mimetype: 'application/octet-stream', fileName: undefined, data: 'a pipe', caption: '' },
    { to: '15550001000', mimetype: 'image/png', fileName: 'p.png', data: 'a picture', caption: '' },
  ]);
});

test('local.ts gives the file of a message as it is, and as base64', async () => {
  const { local, piped } = await aLocalSession();
  expect(JSON.parse((await local('messages')).stdout)).toMatchObject({
    media: { mimetype: 'image/png', sizeBytes: 4 },
  });
  expect([...(await piped('', 'media', '1'))]).toEqual([0, 1, 254, 255]);
  expect((await local('media', '1', '--base64')).stdout).toBe('AAH+/w==\n');
  await expect(local('media', '7')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Cannot give a file'),
  });
});
