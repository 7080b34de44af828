import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ApiRequest } from './client.ts';
import { type ConnectionSettings, findConnectionSettings } from './connection-settings.ts';
import { ApiError, apiErrorFromStatus } from './errors.ts';

/** A request that the API server has let in, and whose body it waits for. */
export interface HeldRequest {
  /**
   * Whether it is known to be let in. A proxy in between may not say so: then it may still be refused once it is sent.
   */
  readonly isAdmitted: boolean;
  /** @throws {ApiError} refused, or without an answer */
  send(): Promise<void>;
  /** Nothing is done. */
  drop(): void;
}

/** Milliseconds that the API server may take to let it in, and to answer once it has the body. */
const timeoutMs = 5_000;

/**
 * Sends the head of a request, and its body only when told. The API server authorizes a request by its head alone, and says
 * "100 Continue" when it begins to read the body. So what was let in takes place even if the right to it goes meanwhile,
 * which is the only way to delete both halves of a right with that right.
 * @throws {ApiError} refused, or without an answer
 */
export async function holdRequest(
  { method, path, body, contentType = 'application/json' }: ApiRequest,
  { origin, pathPrefix, headers, tls }: ConnectionSettings,
): Promise<HeldRequest> {
  async function accepted(): Promise<void> {
    const answer = await answerOf(outgoing);
    if (answer.status >= 300) throw apiErrorFromStatus({ method, path }, answer);
  }

  const payload = JSON.stringify(body ?? {});
  const failed = (cause: unknown) =>
    new ApiError({ method, path, status: 0, reason: 'Unreachable', message: String(cause), cause });
  const outgoing = (origin.startsWith('https:') ? httpsRequest : httpRequest)(`${origin}${pathPrefix}${path}`, {
    method,
    agent: false,
    ...tls,
    headers: {
      ...headers,
      accept: 'application/json',
      'content-type': contentType,
      'content-length': Buffer.byteLength(payload),
      expect: '100-continue',
    },
  });
  const answered = accepted();
  answered.catch(() => undefined); // Whoever waits for it is told below.
  outgoing.on('error', () => undefined); // Told by `answered`; a second one, of the broken connection, says nothing new.
  outgoing.flushHeaders();
  // An error is told by `answered` alone: taken for a server that only does not say it, it would cost the right to try again.
  const admitted = Promise.withResolvers<boolean>();
  outgoing.once('continue', () => admitted.resolve(true));
  const patience = setTimeout(() => admitted.resolve(false), timeoutMs);
  const asApiError = (error: unknown) => (error instanceof ApiError ? error : failed(error));
  try {
    const isAdmitted = await Promise.race([admitted.promise, answered.then(() => false)]);
    return {
      isAdmitted,
      async send() {
        outgoing.end(payload);
        try {
          await within(answered);
        } catch (error) {
          outgoing.destroy();
          throw asApiError(error);
        }
      },
      drop: () => void outgoing.destroy(),
    };
  } catch (error) {
    outgoing.destroy();
    throw asApiError(error);
  } finally {
    clearTimeout(patience);
  }
}

/** The same with the credentials of this process, read anew: it happens once in the life of a namespace. */
export async function holdOnOwnConnection(request: ApiRequest): Promise<HeldRequest> {
  const read = await findConnectionSettings();
  return holdRequest(request, await read(true));
}

async function answerOf(outgoing: ClientRequest): Promise<{ status: number; body: unknown }> {
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, body: jsonOrText(text) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // A page of a proxy in between.
  }
}

function within<T>(answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
