import type { Duplex } from 'node:stream';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface ProxyOptions {
  /** What a client has to show; without them everybody is let through. */
  readonly credentials?: Credentials;
  /** Where a name is, instead of what the machine's resolver says. */
  readonly resolve?: (hostname: string) => string | undefined;
  readonly host?: string;
}

/** A proxy that remembers what it was asked for. */
export interface Proxy {
  /** With the credentials, as a session takes it. */
  readonly url: string;
  /** Each "name:port" it was asked to reach, in order. */
  readonly tunnels: readonly string[];
  /** Stops listening and cuts what goes through it. */
  stop(): Promise<void>;
}

/** Lets two streams speak with each other, until one of them ends. */
export function joinStreams(one: Duplex, other: Duplex) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    // What has ended in order may still have bytes on their way to the other side, which pipe() ends after them.
    from.once('close', () => {
      if (!from.readableEnded) to.destroy();
    });
    from.on('error', () => to.destroy());
  }
}
