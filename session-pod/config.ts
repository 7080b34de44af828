import { BerthError, podApiPort } from '@berth/protocol';
import { defaultLocalSocket } from './api/local-server.ts';
import { type EngineName, engineNames } from './engine/engine-name.ts';
import type { EngineSettings } from './engine/load-engine.ts';
import type { BrowserSettings } from './engine/web-browser-command.ts';
import { isSocksLogin } from './engine/web-proxy.ts';
import { terminationLogOf } from './run/last-words.ts';

/** What the pod is told by its environment. */
export interface Config extends EngineSettings {
  readonly podName: string;
  readonly podNamespace: string;
  readonly runUid: string;
  readonly operatorUrl: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly terminationLog: string;
  readonly apiPort: number;
  /** Where the same API is for people in the container. */
  readonly localSocket: string;
  readonly logLevel: string;
  /** A report counts the connections that got lost within so many seconds before it. */
  readonly reconnectWindowSeconds: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable of the environment is missing or wrong; the message names it. */
export class ConfigError extends BerthError {
  readonly code = 'CONFIG_INVALID';
  readonly retryable = false;
  constructor(variable: string, what: string, remedy = "set it in the pod's environment") {
    super(`Cannot read the configuration: "${variable}" ${what}; ${remedy}`);
  }
}

/** The default of `spec.recovery.reconnects.windowSeconds`. */
const defaultReconnectWindowSeconds = 600;
const defaultBrowserExecutable = '/usr/lib/chromium/chromium-headless-shell';
const defaultBrowserLocale = 'en-US';
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * Reads and checks the environment. A variable that is empty counts as absent, but for that of the proxy: a Secret without its
 * URL must not lead a session past it.
 * @throws {ConfigError} names the first variable that is missing or wrong
 */
export function readConfig(environment: Environment): Config {
  const webSocketUrl = optional(
    environment,
    'WHATSAPP_WEB_SOCKET_URL',
    isUrl(['ws:', 'wss:']),
    'a ws:// or wss:// URL',
  );
  const rootKey = optional(
    environment,
    'WHATSAPP_ROOT_PUBLIC_KEY',
    (it) => /^[0-9a-f]{64}$/i.test(it),
    '64 hex digits',
  );
  if (rootKey !== undefined && webSocketUrl === undefined) {
    // Whoever trusts a test root must not reach the real WhatsApp by a lost variable.
    throw new ConfigError('WHATSAPP_WEB_SOCKET_URL', 'is missing beside "WHATSAPP_ROOT_PUBLIC_KEY"');
  }
  const port = optional(environment, 'BERTH_API_PORT', isPort, 'a port from 0 to 65535');
  const windowSeconds = optional(environment, 'BERTH_RECONNECT_WINDOW_SECONDS', isWindow, 'seconds from 1 to 86400');
  const engine = required(environment, 'BERTH_ENGINE', isEngine, `one of ${engineNames.join(', ')}`) as EngineName;
  const phoneNumber = optional(environment, 'BERTH_PAIRING_PHONE_NUMBER', isPhoneNumber, '5 to 20 digits without a +');
  const proxyUrl = readProxy(environment, engine);
  return {
    podName: required(environment, 'POD_NAME'),
    podNamespace: required(environment, 'POD_NAMESPACE'),
    runUid: required(environment, 'POD_UID'),
    engine,
    browser: readBrowser(environment),
    operatorUrl: required(environment, 'BERTH_OPERATOR_URL', isUrl(['https:']), 'an https:// URL'),
    caFile: required(environment, 'BERTH_CA_FILE'),
    tokenFile: required(environment, 'BERTH_TOKEN_FILE'),
    dataDirectory: required(environment, 'BERTH_DATA_DIR'),
    terminationLog: terminationLogOf(environment),
    apiPort: port === undefined ? podApiPort : Number(port),
    localSocket: optional(environment, 'BERTH_LOCAL_SOCKET') ?? defaultLocalSocket,
    logLevel:
      optional(environment, 'LOG_LEVEL', (it) => logLevels.includes(it), `one of ${logLevels.join(', ')}`) ?? 'info',
    reconnectWindowSeconds: windowSeconds === undefined ? defaultReconnectWindowSeconds : Number(windowSeconds),
    ...(phoneNumber === undefined ? {} : { pairingPhoneNumber: phoneNumber }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(webSocketUrl === undefined ? {} : { whatsAppWebSocketUrl: webSocketUrl }),
    ...(rootKey === undefined ? {} : { whatsAppRootPublicKey: rootKey }),
  };
}

function readBrowser(environment: Environment): BrowserSettings {
  const sandbox = optional(environment, 'BERTH_BROWSER_SANDBOX', isBoolean, '"true" or "false"');
  const userAgent = optional(environment, 'BERTH_BROWSER_USER_AGENT', isUserAgent, 'one line of ASCII');
  return {
    executable: optional(environment, 'BERTH_BROWSER_EXECUTABLE') ?? defaultBrowserExecutable,
    hasSandbox: sandbox === 'true',
    locale: optional(environment, 'BERTH_BROWSER_LOCALE', isLocale, 'a language tag as en-US') ?? defaultBrowserLocale,
    ...(userAgent === undefined ? {} : { userAgent }),
    extraArguments: readExtraArguments(environment),
  };
}

/** Flags that the browser has from Berth already: another value would break what is promised of a session. */
const takenFlags: readonly { readonly pattern: RegExp; readonly why: string; readonly remedy: string }[] = [
  { pattern: /^--(proxy-.*|no-proxy-server)$/, why: 'would lead the session past its proxy', remedy: 'use spec.proxy' },
  {
    pattern: /^--(user-data-dir|profile-directory)$/,
    why: 'would hide its login from the next run',
    remedy: 'leave it out',
  },
  { pattern: /^--remote-debugging-/, why: 'would take the browser from its driver', remedy: 'leave it out' },
  { pattern: /^--user-agent$/, why: 'has no effect', remedy: "use the chart's session.browser.userAgent" },
];

function readExtraArguments(environment: Environment): readonly string[] {
  const name = 'WHATSAPP_BROWSER_ARGUMENTS';
  const text = optional(environment, name, isFlagList, 'a JSON array of flags that begin with --');
  const flags = text === undefined ? [] : (JSON.parse(text) as string[]);
  for (const [flag = ''] of flags.map((each) => each.split('='))) {
    const taken = takenFlags.find(({ pattern }) => pattern.test(flag));
    if (taken) throw new ConfigError(name, `holds "${flag.slice(0, 100)}", which ${taken.why}`, taken.remedy);
  }
  return flags;
}

/** Its errors do not show the value: it may hold a password. */
function readProxy(environment: Environment, engine: EngineName): string | undefined {
  const name = 'BERTH_PROXY_URL';
  const url = environment[name];
  if (url === undefined) return undefined;
  const remedy = 'put the URL into the Secret of spec.proxy.secretRef';
  if (url === '') throw new ConfigError(name, 'is empty, and without its proxy the session must not start', remedy);
  if (!isUrl(['http:', 'https:', 'socks5:'])(url) || new URL(url).hostname === '')
    throw new ConfigError(name, 'is no http://, https:// or socks5:// URL', remedy);
  if (!isPercentEncoded(new URL(url)))
    throw new ConfigError(name, 'has a user or password that is not percent-encoded', 'write % as %25');
  if (engine === 'WhatsAppWebJS' && isSocksLogin(url))
    throw new ConfigError(
      name,
      'has a user for a socks5:// proxy, where Chromium cannot log in',
      'use an http:// or https:// one',
    );
  return url;
}

function required(from: Environment, name: string, isValid?: (value: string) => boolean, wanted?: string): string {
  const value = optional(from, name, isValid, wanted);
  if (value === undefined)
    throw new ConfigError(name, wanted === undefined ? 'is missing' : `is missing; it is ${wanted}`);
  return value;
}

function optional(
  from: Environment,
  name: string,
  isValid: (value: string) => boolean = () => true,
  wanted = 'something else',
): string | undefined {
  const value = from[name];
  if (value === undefined || value === '') return undefined;
  if (!isValid(value)) throw new ConfigError(name, `is "${value.slice(0, 100)}" instead of ${wanted}`);
  return value;
}

function isUrl(protocols: readonly string[]): (value: string) => boolean {
  return (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

function isEngine(value: string): boolean {
  return engineNames.some((name) => name === value);
}

function isPhoneNumber(value: string): boolean {
  return /^\d{5,20}$/.test(value);
}

function isBoolean(value: string): boolean {
  return value === 'true' || value === 'false';
}

function isFlagList(value: string): boolean {
  try {
    const flags = JSON.parse(value) as unknown;
    return Array.isArray(flags) && flags.every((flag) => typeof flag === 'string' && /^--\w/.test(flag));
  } catch {
    return false;
  }
}

/** Not that of a password with a bare %, which a URL may hold: whoever decodes it throws. */
function isPercentEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function isLocale(value: string): boolean {
  return /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(value);
}

/** It becomes a header of each request. */
function isUserAgent(value: string): boolean {
  return /^[\x20-\x7E]{1,512}$/.test(value);
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535;
}

function isWindow(value: string): boolean {
  return /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 86_400;
}
