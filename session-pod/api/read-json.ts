import type { IncomingMessage } from 'node:http';
import type { Answer } from './problem.ts';
import { problem } from './problem.ts';

export type ReadJson = { readonly body: unknown } | { readonly refusal: Answer };

/** Reads a JSON body of at most `maxBytes`; the time it may take is the server's requestTimeout. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<ReadJson> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      const detail = `Cannot read the body: it is larger than ${maxBytes} bytes; send less`;
      return { refusal: problem(413, 'BODY_TOO_LARGE', 'Body too large', detail) };
    }
    chunks.push(chunk);
  }
  try {
    return { body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown };
  } catch {
    const detail = 'Cannot read the body: it is not JSON; send one JSON object';
    return { refusal: problem(400, 'BODY_NOT_JSON', 'Body is not JSON', detail) };
  }
}
