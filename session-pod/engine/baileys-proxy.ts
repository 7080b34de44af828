import type { Agent } from 'node:https';
import type { Dispatcher } from 'undici';

/** The ways through a proxy: Baileys' WebSocket and our requests take an agent, `fetch` in Baileys a dispatcher. */
export interface ProxyRoutes {
  readonly agent: Agent;
  readonly dispatcher: Dispatcher;
}

/** For a proxy to open a way, in milliseconds: it has to find the host by name and reach it. */
const opensWithinMs = 15_000;

/**
 * Opens the ways through a proxy. Names are looked up by the proxy: a network that needs one often knows no names outside.
 * @param url http://, https:// or socks5://, perhaps with user and password; checked before
 */
export async function proxyRoutes(url: string, withinMs = opensWithinMs): Promise<ProxyRoutes> {
  // Loaded only where a proxy is used: they cost memory.
  const { ProxyAgent, Socks5ProxyAgent } = await import('undici');
  if (new URL(url).protocol === 'socks5:') {
    const { SocksProxyAgent } = await import('socks-proxy-agent');
    const agent = new SocksProxyAgent(url.replace(/^socks5:/, 'socks5h:'), { timeout: withinMs });
    return {
      agent: agent as unknown as Agent,
      dispatcher: new Socks5ProxyAgent(url, { connectTimeout: withinMs }),
    };
  }
  const { TunnelAgent } = await import('./baileys-tunnel-agent.ts');
  return { agent: new TunnelAgent(url, withinMs) as unknown as Agent, dispatcher: new ProxyAgent(url) };
}
