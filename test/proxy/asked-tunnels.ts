import type { Tunnel } from './start-http-proxy.ts';

/** The oldest go first. */
const maxTunnels = 10_000;

/** What clients have asked a proxy for, in order. */
export class AskedTunnels {
  readonly #tunnels: Tunnel[] = [];

  readonly add = (tunnel: Tunnel) => {
    this.#tunnels.push(tunnel);
    if (this.#tunnels.length > maxTunnels) this.#tunnels.shift();
  };

  of(username: string): readonly Tunnel[] {
    return this.#tunnels.filter(({ credentials }) => credentials?.username === username);
  }
}
