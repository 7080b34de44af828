import type { SessionKey } from '../resource/names.ts';
import type { EventStream } from './event-stream.ts';
import { ProblemError } from './problem-error.ts';
import type { SessionFollowers } from './session-followers.ts';

/** Milliseconds between looks at the pod. WhatsApp renews a code every 20 s to 60 s. */
const lookEveryMs = 2_000;

export interface CodeFeed {
  /**
   * Sends `code` with each new code, `waiting` with the reason while there is none, and `linked` at last, which ends the stream;
   * so does the end of the session, as `gone`. All streams of a session share one look at its pod.
   */
  join(key: SessionKey, stream: EventStream): void;
}

interface Watched {
  readonly streams: Set<EventStream>;
  last: { readonly event: 'code' | 'waiting'; readonly data: unknown } | undefined;
}

export function createCodeFeed({
  fetch,
  followers,
}: {
  /** @throws {BerthError} there is none now */
  readonly fetch: (key: SessionKey, signal: AbortSignal) => Promise<string>;
  readonly followers: SessionFollowers;
}): CodeFeed {
  const watched = new Map<SessionKey, Watched>();

  function tell(here: Watched, event: 'code' | 'waiting', data: unknown) {
    if (here.last !== undefined && here.last.event === event && JSON.stringify(here.last.data) === JSON.stringify(data))
      return;
    here.last = { event, data };
    for (const stream of here.streams) stream.send(event, data);
  }

  function endAll(here: Watched, event: 'linked' | 'gone') {
    for (const stream of here.streams) {
      stream.send(event, {});
      stream.end();
    }
  }

  async function watch(key: SessionKey, here: Watched) {
    const over = new AbortController();
    const stop = followers.follow(key, (now) => {
      if (now === undefined) endAll(here, 'gone');
      else if (now.status.report?.state === 'ready' || now.status.report?.state === 'authenticated')
        endAll(here, 'linked');
    });
    while (here.streams.size > 0) {
      try {
        tell(here, 'code', { code: await fetch(key, over.signal) });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        tell(here, 'waiting', { message: why });
        if (error instanceof ProblemError && error.code === 'NOT_FOUND') endAll(here, 'gone');
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs).unref());
    }
    stop();
    watched.delete(key);
  }

  return {
    join(key, stream) {
      const there = watched.get(key);
      const here = there ?? { streams: new Set(), last: undefined };
      here.streams.add(stream);
      stream.signal.addEventListener('abort', () => here.streams.delete(stream), { once: true });
      if (here.last !== undefined) stream.send(here.last.event, here.last.data);
      if (there !== undefined) return;
      watched.set(key, here);
      void watch(key, here);
    },
  };
}
