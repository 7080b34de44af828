import type { IncomingMessage } from 'node:http';
import type { Fields } from './fields.ts';
import { BadRequestError } from './request-errors.ts';

/**
 * Reads a request's body whole.
 * @throws {BadRequestError} it is over `maxBytes`; no more than that is kept in memory.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new BadRequestError('body', 'it is too large', `send at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads a JSON object; an empty body is an empty object. */
export async function readJsonObject(request: IncomingMessage, maxBytes: number): Promise<Fields> {
  const text = (await readBody(request, maxBytes)).toString('utf8');
  if (text === '') return {};
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequestError('body', 'it is not a JSON object', 'send an object');
  }
  return value as Fields;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new BadRequestError('body', 'it is not JSON', 'send a JSON object', { cause });
  }
}
