import { basename } from 'node:path';
import type { BrowserProxy } from './web-proxy.ts';

/** How the browser of a session is started. */
export interface BrowserSettings {
  readonly executable: string;
  /** Chromium's own sandbox: the container must let it make user namespaces. */
  readonly hasSandbox: boolean;
  /** The language that the page is asked for in, as `en-US`. */
  readonly locale: string;
  /** Absent: what Chromium of this version calls itself on a desktop. */
  readonly userAgent?: string;
  /** Further flags, which come last and so win. */
  readonly extraArguments: readonly string[];
}

/** Bytes of the page's files that are kept on the volume, so that a start need not load them again. */
const diskCacheBytes = 64 * 1024 * 1024;

/** The flags beside those that puppeteer gives by itself. */
export function browserFlags({ hasSandbox, locale, extraArguments }: BrowserSettings, proxy?: BrowserProxy): string[] {
  return [
    // RuntimeDefault seccomp allows no user namespaces; without them Chromium refuses to start with its sandbox.
    ...(hasSandbox ? [] : ['--no-sandbox', '--disable-setuid-sandbox']),
    '--disable-gpu',
    '--disable-software-rasterizer',
    '--no-default-browser-check',
    '--disable-component-update',
    '--disable-domain-reliability',
    '--no-pings',
    `--lang=${locale}`,
    // The shell has no other source for navigator.language and Accept-Language: without it, it sends no such header (seen).
    `--accept-lang=${[...new Set([locale, locale.split('-')[0]])].join(',')}`,
    `--disk-cache-size=${diskCacheBytes}`,
    // What the page stores is written after one second instead of five: a killed session loses less of it.
    '--enable-aggressive-domstorage-flushing',
    ...(proxy ? [`--proxy-server=${proxy.server}`, '--force-webrtc-ip-handling-policy=disable_non_proxied_udp'] : []),
    ...extraArguments,
  ];
}

/** Flags of puppeteer that are left out: /dev/shm of the pod is large enough, and quicker than files. */
export const unwantedFlags = ['--disable-dev-shm-usage'];

/** The headless shell is a program of its own, and knows only the old headless mode. */
export function headlessMode(executable: string): true | 'shell' {
  return basename(executable).includes('headless-shell') ? 'shell' : true;
}

/**
 * What Chromium of this version calls itself on a desktop: the real version, without the word Headless. WhatsApp turns
 * browsers away that look too old, so a constant would be wrong one day.
 * @param version as the program prints it, for instance `Chromium 156.0.8078.108`
 */
export function userAgentOf(version: string): string | undefined {
  const major = /\b(\d+)(?:\.\d+){3}\b/.exec(version)?.[1];
  if (major === undefined) return undefined;
  return `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`;
}

/** What a browser needs to know of the environment; it holds the proxy's password, too, which is none of a page's business. */
const passedOn = /^(PATH|HOME|USER|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|XDG_\w+|FONTCONFIG_\w+|LD_LIBRARY_PATH)$/;

/** The part of the environment that the browser gets. */
export function browserEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => passedOn.test(name)));
}
