import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import tls from 'node:tls';
import { downloadMedia, type StoredFile } from '@berth/session-pod/engine/baileys-media.ts';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { aCertificateAuthority, type TestAuthority } from '../../../builders/a-certificate-authority.ts';
import { encryptFile } from '../../../whatsapp/media-files.ts';

const trusted = tls.getCACertificates('default');
let authority: TestAuthority;
beforeAll(async () => {
  authority = await aCertificateAuthority();
  tls.setDefaultCACertificates([authority.pem]);
});
afterAll(() => tls.setDefaultCACertificates(trusted));

const data = Buffer.alloc(100_000, 7);
const maxBytes = 16 * 1_024 * 1_024;

/** A host of files that answers as it is told to, and a file that lies there. */
async function aHost(answer: (response: ServerResponse, encrypted: Buffer) => void, content = data) {
  const { file, encrypted } = await encryptFile(content, 'image');
  const server: Server = createServer(await authority.issue('host', ['localhost']), (_request, response) =>
    answer(response, encrypted),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  const stored: StoredFile = { type: 'image', mediaKey: file.mediaKey, directPath: '/v/x', sha256: file.fileSha256 };
  return { stored, options: { host, agent: undefined, withinMs: 5_000 } };
}

function* endless() {
  for (;;) yield Buffer.alloc(1_024 * 1_024);
}

test.each([0, 1, 15, 16, 17, 100_000])('downloadMedia() reads a file of %i bytes', async (size) => {
  const { stored, options } = await aHost((response, encrypted) => response.end(encrypted), Buffer.alloc(size, 7));
  expect(Buffer.from(await downloadMedia(stored, options))).toEqual(Buffer.alloc(size, 7));
});

test.each([
  {
    name: 'a file that is gone',
    answer: (r: ServerResponse) => r.writeHead(410).end(),
    why: 'no longer',
    retryable: false,
  },
  {
    name: 'a host that is ill',
    answer: (r: ServerResponse) => r.writeHead(503).end(),
    why: 'answered 503',
    retryable: true,
  },
  {
    name: 'a redirect, which could lead anywhere',
    answer: (r: ServerResponse) => r.writeHead(302, { location: 'https://localhost/' }).end(),
    why: 'answered 302',
    retryable: true,
  },
  {
    name: 'a connection that is cut in the middle',
    answer(r: ServerResponse) {
      r.writeHead(200, { 'content-length': '100000' }).write(Buffer.alloc(1_000));
      setImmediate(() => r.destroy());
    },
    why: 'aborted',
    retryable: true,
  },
  {
    name: 'a file without an end',
    answer: (r: ServerResponse) => void Readable.from(endless()).pipe(r),
    why: `larger than ${maxBytes} bytes`,
    retryable: false,
  },
  {
    name: 'a file with another content',
    answer: (r: ServerResponse, encrypted: Buffer) => {
      const other = Buffer.from(encrypted);
      other[100] = (other[100] ?? 0) ^ 1;
      r.end(other);
    },
    why: 'not the one that its message tells of',
    retryable: false,
  },
])('downloadMedia() refuses $name', async ({ answer, why, retryable }) => {
  const { stored, options } = await aHost(answer);
  await expect(downloadMedia(stored, options)).rejects.toMatchObject({
    code: 'MEDIA_UNAVAILABLE',
    retryable,
    message: expect.stringContaining(why),
  });
});

test('downloadMedia() gives a silent host no more than its time', async () => {
  const { stored, options } = await aHost(() => {});
  const startedAtMs = Date.now();
  await expect(downloadMedia(stored, { ...options, withinMs: 200 })).rejects.toThrow('did not come within 200 ms');
  expect(Date.now() - startedAtMs).toBeLessThan(2_000);
});

test('downloadMedia() asks for nothing when the file is too large, or its path would lead to another host', async () => {
  let asked = 0;
  const { stored, options } = await aHost((response) => {
    asked += 1;
    response.end();
  });
  await expect(downloadMedia({ ...stored, sizeBytes: maxBytes + 1 }, options)).rejects.toThrow('larger than');
  for (const directPath of ['@evil.example/x', '.evil.example/x', 'x'])
    await expect(downloadMedia({ ...stored, directPath }, options)).rejects.toThrow('names no path');
  expect(asked).toBe(0);
});
