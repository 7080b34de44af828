import { isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { assertCidrs, type OutboundPolicy, refusalOf } from './outbound-address.ts';
import { OutboundFailedError, OutboundRefusedError } from './outbound-errors.ts';
import { hostOf } from './outbound-host.ts';
import { guardedLookup, type ResolveAll } from './outbound-lookup.ts';

/** A post to a URL that a user named. */
export interface OutboundRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds for all of it: name, connection, answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The one way to URLs that users named: webhooks and sinks. */
export interface Outbound {
  /**
   * Posts once, follows no redirect, and gives the status of the answer; its body is read for at most 4 KiB and dropped.
   * @throws {OutboundRefusedError} the URL or all its addresses are refused: nothing was sent
   * @throws {OutboundFailedError} there was no answer
   */
  post(request: OutboundRequest): Promise<{ readonly status: number }>;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

export interface OutboundOptions {
  readonly policy: OutboundPolicy;
  /** Milliseconds until a connection is given up; 5_000 unless told. */
  readonly connectTimeoutMs?: number;
  /** PEM of the CAs to trust instead of the usual ones. */
  readonly ca?: string;
  readonly resolve?: ResolveAll;
}

/** Bytes of an answer that are read, so that its connection can be used again. */
const bodyLimit = 4096;

/**
 * Opens connections that obey one policy and are kept for the next request.
 * @throws {RangeError} `policy.allow` holds something that is no CIDR
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const { policy, connectTimeoutMs = 5_000, ca, resolve } = options;
  assertCidrs(policy.allow);
  const agent = new Agent({
    connect: { lookup: guardedLookup(policy, resolve), timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
    connections: 8,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    maxHeaderSize: 16_384,
  });

  return {
    async post({ url, headers, body, timeoutMs, signal }) {
      const target = checkedUrl(url, policy);
      const deadline = AbortSignal.timeout(timeoutMs);
      const both = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
      try {
        const sending = { method: 'POST', headers, body, signal: both, headersTimeout: timeoutMs } as const;
        const answer = await agent.request({
          ...sending,
          origin: target.origin,
          path: target.pathname + target.search,
        });
        await drop(answer, both);
        return { status: answer.statusCode };
      } catch (error) {
        if (error instanceof OutboundRefusedError) throw error;
        const what = deadline.aborted ? `no answer within ${timeoutMs} ms` : whatFailed(error);
        throw new OutboundFailedError(target.origin, what, { cause: error });
      }
    },
    close: () => agent.destroy(),
  };
}

/** The answer's status is all that counts: a body that breaks off or never ends changes nothing. */
async function drop({ body }: Dispatcher.ResponseData, signal: AbortSignal): Promise<void> {
  body.on('error', () => undefined);
  await body.dump({ limit: bodyLimit, signal: AbortSignal.any([signal, AbortSignal.timeout(1_000)]) }).catch(() => {
    body.destroy();
  });
}

/** @throws {OutboundRefusedError} no URL, another scheme, a password in it, or an address that is refused */
function checkedUrl(text: string, policy: OutboundPolicy): URL {
  const url = URL.parse(text);
  if (url === null) throw new OutboundRefusedError('the URL', 'it is not a URL');
  const refuse = (what: string) => new OutboundRefusedError(`${url.protocol}//${url.host}`, what);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('its scheme is neither http nor https');
  if (url.username !== '' || url.password !== '') throw refuse('it holds a user or a password');
  const host = hostOf(url);
  if (policy.never.includes(host.toLowerCase().replace(/\.$/, ''))) throw refuse("it is the API server's");
  const refusal = isIP(host) === 0 ? undefined : refusalOf(host, host, policy);
  if (refusal !== undefined) throw refuse(`"${host}" may not be reached (${refusal})`);
  return url;
}

/** Says what went wrong in few words and without the URL. */
function whatFailed(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return error.message === '' || error.message.includes(code) ? error.message || code : `${code}, ${error.message}`;
}
