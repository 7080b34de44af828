import { maxMediaBytes } from '@berth/protocol';
import { MediaUnavailableError } from '@berth/session-pod/engine/media-unavailable-error.ts';
import { NotConnectedError } from '@berth/session-pod/engine/not-connected-error.ts';
import { readMedia } from '@berth/session-pod/engine/web-media.ts';
import type { WebPage } from '@berth/session-pod/engine/web-page.ts';
import { expect, test } from 'vitest';

const pageWith = (message: unknown) => ({ client: { getMessageById: async () => message } }) as unknown as WebPage;
const withFile = (bytes: number) =>
  pageWith({ downloadMedia: async () => ({ data: Buffer.alloc(bytes, 1).toString('base64') }) });

test('readMedia() gives a file of 16 MiB, and refuses a larger one whatever its sender said of it', async () => {
  expect(await readMedia('id', withFile(maxMediaBytes))).toHaveLength(maxMediaBytes);
  await expect(readMedia('id', withFile(maxMediaBytes + 3))).rejects.toThrow(/larger than 16777216 bytes/);
});

test('readMedia() tells a file that is gone from a page that is', async () => {
  await expect(readMedia('id', pageWith(undefined))).rejects.toThrow(MediaUnavailableError);
  await expect(readMedia('id', pageWith({ downloadMedia: async () => undefined }))).rejects.toThrow(
    MediaUnavailableError,
  );
  await expect(readMedia('id', undefined)).rejects.toThrow(NotConnectedError);
});
