import { createDecipheriv, createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Agent, get } from 'node:https';
import { maxMediaBytes } from '@berth/protocol';
import type { MediaType } from '@whiskeysockets/baileys';
import { DEFAULT_ORIGIN, getMediaKeys } from '@whiskeysockets/baileys';
import { toldError } from '../publish/masked-text.ts';
import { MediaUnavailableError } from './media-unavailable-error.ts';

/** Where a file lies, encrypted, and how to read it: all that is kept of its message. */
export interface StoredFile {
  readonly type: MediaType;
  readonly mediaKey: Uint8Array;
  readonly directPath: string;
  /** Of the content. */
  readonly sha256: Uint8Array;
  readonly sizeBytes?: number;
}

export interface DownloadOptions {
  /** Where WhatsApp keeps files, as "name" or "name:port". */
  readonly host: string;
  readonly agent: Agent | undefined;
  readonly withinMs: number;
}

const hmacBytes = 10;
/** Bytes that the padding and the HMAC add to a file at most. */
const overheadBytes = 16 + hmacBytes;

/**
 * Loads a file from WhatsApp and decrypts it. Not by Baileys' own download, which listens for no error of its connection: one cut in
 * the middle of a file ended the process, or kept the reader waiting for ever (seen). The host is the one that WhatsApp names:
 * the URL in a message is the sender's, who could lead us anywhere.
 * @throws {MediaUnavailableError} WhatsApp has it no longer, it is larger than 16 MiB, it is not what the sender's message
 *   says, or it did not come in time
 */
export async function downloadMedia(file: StoredFile, { host, agent, withinMs }: DownloadOptions): Promise<Uint8Array> {
  if ((file.sizeBytes ?? 0) > maxMediaBytes) throw tooLarge();
  // With anything else before the path, the host would be another one.
  if (!file.directPath.startsWith('/')) throw new MediaUnavailableError('its message names no path', false);
  const signal = AbortSignal.timeout(withinMs);
  try {
    const { iv, cipherKey } = await getMediaKeys(file.mediaKey, file.type);
    const response = await request(new URL(`https://${host}${file.directPath}`), agent, signal);
    const content = await decrypt(response, createDecipheriv('aes-256-cbc', cipherKey, iv));
    // The message is encrypted end to end, so this proves more than the HMAC that lies beside the file.
    if (createHash('sha256').update(content).digest().equals(file.sha256)) return content;
    throw new MediaUnavailableError('it is not the one that its message tells of', false);
  } catch (error) {
    if (error instanceof MediaUnavailableError) throw error;
    const because = signal.aborted ? `it did not come within ${withinMs} ms` : toldError(error);
    throw new MediaUnavailableError(because, true, { cause: error });
  }
}

function request(url: URL, agent: Agent | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent, signal, headers: { origin: DEFAULT_ORIGIN } }, (response) => {
      const { statusCode = 0 } = response;
      if (statusCode === 200) return resolve(response);
      response.destroy();
      const isGone = statusCode === 404 || statusCode === 410;
      const what = isGone ? 'WhatsApp has it no longer' : `WhatsApp answered ${statusCode}`;
      reject(new MediaUnavailableError(what, !isGone));
    }).once('error', reject);
  });
}

async function decrypt(encrypted: IncomingMessage, decipher: ReturnType<typeof createDecipheriv>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let heldBack: Buffer = Buffer.alloc(0); // The last bytes are the HMAC.
  let bytes = 0;
  for await (const chunk of encrypted as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxMediaBytes + overheadBytes) throw tooLarge();
    const data = Buffer.concat([heldBack, chunk]);
    parts.push(decipher.update(data.subarray(0, -hmacBytes)));
    heldBack = data.subarray(-hmacBytes);
  }
  parts.push(decipher.final());
  return Buffer.concat(parts);
}

const tooLarge = () => new MediaUnavailableError(`it is larger than ${maxMediaBytes} bytes`, false);
