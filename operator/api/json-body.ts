import type { IncomingMessage } from 'node:http';
import { BerthError } from '@berth/protocol';

/** The body of a request is too large or no JSON. */
export class BodyError extends BerthError {
  readonly code: 'BODY_TOO_LARGE' | 'BODY_MALFORMED';
  readonly retryable = false;
  constructor(code: 'BODY_TOO_LARGE' | 'BODY_MALFORMED', what: string, options?: ErrorOptions) {
    super(`Cannot read the body: ${what}; send JSON of a few hundred bytes`, options);
    this.code = code;
  }
}

/**
 * Reads a JSON body. What is beyond the limit is not kept.
 * @param limit in bytes
 * @throws {BodyError}
 */
export async function jsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Not destroyed at the limit: the connection is needed to say so.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw new BodyError('BODY_TOO_LARGE', `it has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new BodyError('BODY_MALFORMED', 'it is not JSON', { cause });
  }
}
