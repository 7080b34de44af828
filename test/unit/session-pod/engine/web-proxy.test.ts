import { isSocksLogin, readProxyUrl } from '@berth/session-pod/engine/web-proxy.ts';
import { expect, test } from 'vitest';

test.each([
  { url: 'http://proxy.example:3128', proxy: { server: 'http://proxy.example:3128' } },
  { url: 'https://proxy.example', proxy: { server: 'https://proxy.example' } },
  { url: 'socks5://10.0.0.1:1080', proxy: { server: 'socks5://10.0.0.1:1080' } },
  {
    url: 'http://user:p%40ss%3Aword@proxy.example:3128/',
    proxy: { server: 'http://proxy.example:3128', credentials: { username: 'user', password: 'p@ss:word' } },
  },
  {
    url: 'http://user@[::1]:3128',
    proxy: { server: 'http://[::1]:3128', credentials: { username: 'user', password: '' } },
  },
])('readProxyUrl() reads "$url"', ({ url, proxy }) => {
  expect(readProxyUrl(url)).toEqual(proxy);
});

test('isSocksLogin() finds what Chromium cannot do', () => {
  expect(isSocksLogin('socks5://user:secret@proxy.example:1080')).toBe(true);
  expect(isSocksLogin('socks5://proxy.example:1080')).toBe(false);
  expect(isSocksLogin('http://user:secret@proxy.example:3128')).toBe(false);
});
