import { BerthError, podApiPort } from '@berth/protocol';
import { defaultLocalSocket } from './api/local-server.ts';
import type { EngineSettings } from './engine/create-engine.ts';
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
  constructor(variable: string, what: string) {
    super(`Cannot read the configuration: "${variable}" ${what}; set it in the pod's environment`);
  }
}

/** The default of `spec.recovery.reconnects.windowSeconds`. */
const defaultReconnectWindowSeconds = 600;
const defaultBrowserExecutable = '/usr/lib/chromium/chromium-headless-shell';
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * Reads and checks the environment. A variable that is empty counts as absent.
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
  const engine = required(environment, 'BERTH_ENGINE', isEngine, '"Baileys" or "WhatsAppWebJS"') as Config['engine'];
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
  const flags = optional(
    environment,
    'WHATSAPP_BROWSER_ARGUMENTS',
    isFlagList,
    'a JSON array of flags that begin with --, none of them for debugging or the profile',
  );
  return {
    executable: optional(environment, 'BERTH_BROWSER_EXECUTABLE') ?? defaultBrowserExecutable,
    hasSandbox: sandbox === 'true',
    extraArguments: flags === undefined ? [] : (JSON.parse(flags) as string[]),
  };
}

/** Its errors do not show the value: it may hold a password. */
function readProxy(environment: Environment, engine: Config['engine']): string | undefined {
  const name = 'BERTH_PROXY_URL';
  const url = optional(environment, name);
  if (url === undefined) return undefined;
  if (!isUrl(['http:', 'https:', 'socks5:'])(url) || new URL(url).hostname === '')
    throw new ConfigError(name, 'is no http://, https:// or socks5:// URL');
  if (engine === 'WhatsAppWebJS' && isSocksLogin(url))
    throw new ConfigError(
      name,
      'has a user for a socks5:// proxy, where Chromium cannot log in; use an http:// or https:// one',
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
  return value === 'Baileys' || value === 'WhatsAppWebJS';
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
    return Array.isArray(flags) && flags.every((flag) => typeof flag === 'string' && isFreeFlag(flag));
  } catch {
    return false;
  }
}

/** Without these two the engine could not reach its browser, or would not find its login again. */
function isFreeFlag(flag: string): boolean {
  return flag.startsWith('--') && !/^--(remote-debugging|user-data-dir)/.test(flag);
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535;
}

function isWindow(value: string): boolean {
  return /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 86_400;
}
