import { HttpsProxyAgent } from 'https-proxy-agent';

type Connect = HttpsProxyAgent<string>['connect'];

/**
 * An agent that asks an HTTP proxy for a tunnel by CONNECT, and gives up one that does not answer. The package would wait for
 * ever, and the deadline of a request begins only with its connection: each dial would leave a socket behind.
 */
export class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #withinMs: number;

  constructor(url: string, withinMs: number) {
    super(url);
    this.#withinMs = withinMs;
  }

  override async connect(...[request, options]: Parameters<Connect>): ReturnType<Connect> {
    const opening = new AbortController();
    const timer = setTimeout(() => opening.abort(), this.#withinMs);
    try {
      // The signal is of the socket to the proxy, and after the answer nobody aborts it.
      return await new HttpsProxyAgent(this.proxy, { signal: opening.signal }).connect(request, options);
    } catch (cause) {
      if (!opening.signal.aborted) throw cause;
      throw new Error(`The proxy opened no way within ${this.#withinMs} ms`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}
