/** A proxy as Chromium takes it: where on the command line, which every process can read, and with what over its pipe. */
export interface BrowserProxy {
  /** For instance `http://proxy.example:3128`. */
  readonly server: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/**
 * Takes the URL of a proxy apart.
 * @param url http://, https:// or socks5://, perhaps with user and password; checked before
 */
export function readProxyUrl(url: string): BrowserProxy {
  const { protocol, host, username, password } = new URL(url);
  const server = `${protocol}//${host}`;
  if (username === '') return { server };
  return { server, credentials: { username: decodeURIComponent(username), password: decodeURIComponent(password) } };
}

/** Whether the browser would be asked to log in at a SOCKS proxy, which Chromium cannot. */
export function isSocksLogin(url: string): boolean {
  const { protocol, username } = new URL(url);
  return protocol.startsWith('socks') && username !== '';
}
