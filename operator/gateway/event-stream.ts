import type { ServerResponse } from 'node:http';
import type { TokenUser } from '../api/review-token.ts';
import type { GatewayAnswer } from './gateway-route.ts';
import { ProblemError } from './problem-error.ts';

/** The side of a stream of server-sent events that a route writes to. */
export interface EventStream {
  /** Sends one event; its data goes as JSON. What a client does not read piles up only to a bound, then it is cut. */
  send(event: string, data: unknown): void;
  /** Ends it in order: nothing will follow. */
  end(): void;
  /** Aborted when it has ended, in whichever way. */
  readonly signal: AbortSignal;
}

export interface EventStreams {
  /**
   * Answers with a stream, until `begin` or the client ends it, the gateway closes, or it is ten minutes old: then the client
   * connects again, and is asked again who it is.
   * @throws {ProblemError} TOO_MANY
   */
  open(caller: TokenUser, signal: AbortSignal, begin: (stream: EventStream) => void): GatewayAnswer;
}

const streamsAtMost = 3_000;
const streamsOfOneAtMost = 1_000;
const lifetimeMs = 600_000;
/** Less than the minute after which many a proxy cuts what is silent. */
const heartbeatMs = 15_000;
/** Bytes that a client may be behind. */
const behindAtMost = 262_144;

export function createEventStreams(): EventStreams {
  const byCaller = new Map<string, number>();
  let open = 0;

  function take(username: string) {
    const ofCaller = byCaller.get(username) ?? 0;
    if (open >= streamsAtMost || ofCaller >= streamsOfOneAtMost)
      throw new ProblemError(
        'TOO_MANY',
        `Cannot open a stream: ${ofCaller} of "${username}" and ${open} in all are open; close some, or ask in turns`,
        { retryAfterSeconds: 30 },
      );
    open++;
    byCaller.set(username, ofCaller + 1);
  }
  function giveBack(username: string) {
    open--;
    const left = (byCaller.get(username) ?? 1) - 1;
    if (left > 0) byCaller.set(username, left);
    else byCaller.delete(username);
  }

  return {
    open({ username }, signal, begin) {
      take(username);
      const ended = new AbortController();
      const whenEnded = AbortSignal.any([signal, ended.signal]);
      whenEnded.addEventListener('abort', () => giveBack(username), { once: true });
      if (whenEnded.aborted) giveBack(username);
      return {
        stream: (response) =>
          new Promise((resolve) => {
            const lifetime = setTimeout(() => ended.abort(), lifetimeMs);
            const heartbeat = setInterval(() => write(response, ': still there\n\n'), heartbeatMs);
            const close = () => {
              clearTimeout(lifetime);
              clearInterval(heartbeat);
              if (!response.destroyed) response.end();
              resolve();
            };
            if (whenEnded.aborted) return close();
            whenEnded.addEventListener('abort', close, { once: true });
            response.writeHead(200, {
              'content-type': 'text/event-stream',
              'cache-control': 'no-store',
              'x-accel-buffering': 'no',
            });
            response.write('retry: 2000\n\n');
            begin({
              send: (event, data) => write(response, `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
              end: () => ended.abort(),
              signal: whenEnded,
            });
          }),
      };
    },
  };
}

function write(response: ServerResponse, text: string) {
  if (response.destroyed || response.writableEnded) return;
  if (response.writableLength > behindAtMost) response.destroy();
  else response.write(text);
}
