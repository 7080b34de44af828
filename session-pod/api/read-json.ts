import type { IncomingMessage } from 'node:http';
import type { Answer } from './problem.ts';
import { problem } from './problem.ts';

export type ReadJson = { readonly body: unknown } | { readonly refusal: Answer };

/**
 * Reads a JSON body; the time it may take is the server's requestTimeout.
 * @param mayHave asked whenever more has come, with the bytes so far: what it gives ends the reading
 */
export async function readJson(
  request: IncomingMessage,
  mayHave: (bytes: number) => Answer | undefined,
): Promise<ReadJson> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    const refusal = mayHave(bytes);
    if (refusal) return { refusal };
    chunks.push(chunk);
  }
  try {
    return { body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown };
  } catch {
    const detail = 'Cannot read the body: it is not JSON; send one JSON object';
    return { refusal: problem(400, 'BODY_NOT_JSON', 'Body is not JSON', detail) };
  }
}
