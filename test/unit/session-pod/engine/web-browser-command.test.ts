import type { BrowserSettings } from '@berth/session-pod/engine/web-browser-command.ts';
import {
  browserEnvironment,
  browserFlags,
  headlessMode,
  userAgentOf,
} from '@berth/session-pod/engine/web-browser-command.ts';
import { readProxyUrl } from '@berth/session-pod/engine/web-proxy.ts';
import { expect, test } from 'vitest';

const settings: BrowserSettings = {
  executable: '/usr/bin/chromium',
  hasSandbox: false,
  locale: 'en-US',
  extraArguments: [],
};

test('browserFlags() switches the sandbox off unless it is asked for', () => {
  expect(browserFlags(settings)).toContain('--no-sandbox');
  expect(browserFlags({ ...settings, hasSandbox: true }).join(' ')).not.toContain('sandbox');
});

test('browserFlags() puts the flags of the environment last, where they win', () => {
  const flags = browserFlags({ ...settings, extraArguments: ['--lang=pt-BR'] });
  expect(flags.indexOf('--lang=pt-BR')).toBeGreaterThan(flags.indexOf('--lang=en-US'));
});

test.each([
  { locale: 'en-US', accepted: 'en-US,en' },
  { locale: 'pt', accepted: 'pt' },
])('browserFlags() asks for pages in $accepted where the locale is $locale', ({ locale, accepted }) => {
  const flags = browserFlags({ ...settings, locale });
  expect(flags).toContain(`--lang=${locale}`);
  expect(flags).toContain(`--accept-lang=${accepted}`);
});

test.each(['http', 'https', 'socks5'])('browserFlags() leads the browser through a proxy of %s', (scheme) => {
  const flags = browserFlags(settings, readProxyUrl(`${scheme}://proxy.example:3128`));
  expect(flags).toContain(`--proxy-server=${scheme}://proxy.example:3128`);
  expect(flags).toContain('--force-webrtc-ip-handling-policy=disable_non_proxied_udp');
});

test('browserFlags() shows the server of a proxy, and never its password', () => {
  const flags = browserFlags(settings, {
    server: 'http://proxy.example:3128',
    credentials: { username: 'user', password: 'secret' },
  });
  expect(flags).toContain('--proxy-server=http://proxy.example:3128');
  expect(flags.join(' ')).not.toMatch(/user:|secret/);
});

test.each([
  { executable: '/usr/lib/chromium/chromium-headless-shell', mode: 'shell' },
  { executable: '/usr/lib/chromium/chromium', mode: true },
])('headlessMode() of "$executable" is $mode', ({ executable, mode }) => {
  expect(headlessMode(executable)).toBe(mode);
});

test('userAgentOf() names the version that runs, and says nothing of a headless browser', () => {
  const userAgent = userAgentOf('Chromium 156.0.8078.108 built on Debian');
  expect(userAgent).toContain('Chrome/156.0.0.0 ');
  expect(userAgent).not.toContain('Headless');
  expect(userAgentOf('true (GNU coreutils) 9.1')).toBeUndefined();
});

test('browserEnvironment() keeps from the browser what is none of its business', () => {
  const given = {
    PATH: '/bin',
    HOME: '/tmp',
    LC_ALL: 'C',
    XDG_CACHE_HOME: '/tmp',
    BERTH_PROXY_URL: 'http://u:p@h',
    X: '1',
  };
  expect(Object.keys(browserEnvironment(given))).toEqual(['PATH', 'HOME', 'LC_ALL', 'XDG_CACHE_HOME']);
});
