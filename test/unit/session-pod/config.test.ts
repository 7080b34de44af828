import { ConfigError, readConfig } from '@berth/session-pod/config.ts';
import { expect, test } from 'vitest';

const complete = {
  POD_NAME: 'alpha',
  POD_NAMESPACE: 'demo',
  POD_UID: 'run-1',
  BERTH_ENGINE: 'Baileys',
  BERTH_OPERATOR_URL: 'https://berth-operator.berth-system.svc:8443',
  BERTH_CA_FILE: '/etc/berth/ca/ca.crt',
  BERTH_TOKEN_FILE: '/var/run/secrets/berth/token',
  BERTH_DATA_DIR: '/data',
};

test('readConfig() reads what a pod is given, and takes empty for absent', () => {
  expect(readConfig({ ...complete, WHATSAPP_WEB_SOCKET_URL: '', WHATSAPP_ROOT_PUBLIC_KEY: '' })).toEqual({
    podName: 'alpha',
    podNamespace: 'demo',
    runUid: 'run-1',
    engine: 'Baileys',
    operatorUrl: 'https://berth-operator.berth-system.svc:8443',
    caFile: '/etc/berth/ca/ca.crt',
    tokenFile: '/var/run/secrets/berth/token',
    browser: {
      executable: '/usr/lib/chromium/chromium-headless-shell',
      hasSandbox: false,
      locale: 'en-US',
      extraArguments: [],
    },
    dataDirectory: '/data',
    terminationLog: '/dev/termination-log',
    apiPort: 8443,
    localSocket: '/tmp/berth.sock',
    logLevel: 'info',
    reconnectWindowSeconds: 600,
  });
});

test('readConfig() reads what concerns pairing, the proxy and the browser', () => {
  const read = readConfig({
    ...complete,
    BERTH_ENGINE: 'WhatsAppWebJS',
    BERTH_PAIRING_PHONE_NUMBER: '5511999990000',
    BERTH_PROXY_URL: 'http://user:hunter2@proxy.example:3128',
    BERTH_BROWSER_EXECUTABLE: '/usr/bin/chromium',
    BERTH_BROWSER_SANDBOX: 'true',
    BERTH_BROWSER_LOCALE: 'pt-BR',
    BERTH_BROWSER_USER_AGENT: 'Mozilla/5.0 (X11)',
    WHATSAPP_BROWSER_ARGUMENTS: '["--mute-audio"]',
  });
  expect(read).toMatchObject({
    engine: 'WhatsAppWebJS',
    pairingPhoneNumber: '5511999990000',
    proxyUrl: 'http://user:hunter2@proxy.example:3128',
    browser: {
      executable: '/usr/bin/chromium',
      hasSandbox: true,
      locale: 'pt-BR',
      userAgent: 'Mozilla/5.0 (X11)',
      extraArguments: ['--mute-audio'],
    },
  });
});

test.each([
  { engine: 'Baileys', url: 'ftp://user:hunter2@proxy.example' },
  { engine: 'Baileys', url: 'user:hunter2@proxy.example:3128' },
  { engine: 'WhatsAppWebJS', url: 'socks5://user:hunter2@proxy.example:1080' },
])('readConfig() refuses the proxy "$url" of $engine without showing it', ({ engine, url }) => {
  const read = () => readConfig({ ...complete, BERTH_ENGINE: engine, BERTH_PROXY_URL: url });
  expect(read).toThrow(/"BERTH_PROXY_URL" (is no|has a user)/);
  expect(read).not.toThrow('hunter2');
});

test.each(['Baileys', 'WhatsAppWebJS'])(
  'readConfig() starts no session with %s past a proxy whose URL is empty',
  (engine) => {
    const read = () => readConfig({ ...complete, BERTH_ENGINE: engine, BERTH_PROXY_URL: '' });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(
      '"BERTH_PROXY_URL" is empty, and without its proxy the session must not start; put the URL into the Secret of spec.proxy.secretRef',
    );
  },
);

test.each([
  { engine: 'Baileys', url: 'http://user:50%off@proxy.example:3128' },
  { engine: 'Baileys', url: 'socks5://us%er:secret@proxy.example:1080' },
  { engine: 'WhatsAppWebJS', url: 'https://user:50%off@proxy.example' },
])('readConfig() refuses "$url" of $engine, where a % stands for nothing', ({ engine, url }) => {
  const read = () => readConfig({ ...complete, BERTH_ENGINE: engine, BERTH_PROXY_URL: url });
  expect(read).toThrow('"BERTH_PROXY_URL" has a user or password that is not percent-encoded; write % as %25');
  expect(read).not.toThrow(/50%off|us%er/);
});

test.each(Object.keys(complete))('readConfig() names "%s" when it is missing', (name) => {
  expect(() => readConfig({ ...complete, [name]: '' })).toThrow(ConfigError);
  expect(() => readConfig({ ...complete, [name]: undefined })).toThrow(`"${name}" is missing`);
});

test.each([
  { name: 'BERTH_ENGINE', value: 'Selenium' },
  { name: 'BERTH_OPERATOR_URL', value: 'http://berth-operator' },
  { name: 'BERTH_API_PORT', value: '70000' },
  { name: 'LOG_LEVEL', value: 'loud' },
  { name: 'BERTH_RECONNECT_WINDOW_SECONDS', value: '86401' },
  { name: 'WHATSAPP_WEB_SOCKET_URL', value: 'http://stand-in' },
  { name: 'WHATSAPP_ROOT_PUBLIC_KEY', value: 'abc' },
  { name: 'BERTH_PAIRING_PHONE_NUMBER', value: '+5511999990000' },
  { name: 'BERTH_BROWSER_SANDBOX', value: 'yes' },
  { name: 'WHATSAPP_BROWSER_ARGUMENTS', value: '--lang=pt-BR' },
  { name: 'WHATSAPP_BROWSER_ARGUMENTS', value: '["lang"]' },
  { name: 'BERTH_BROWSER_LOCALE', value: 'en_US.UTF-8' },
  { name: 'BERTH_BROWSER_LOCALE', value: 'en-US,en' },
  { name: 'BERTH_BROWSER_USER_AGENT', value: 'two\nlines' },
])('readConfig() names "$name" when it is "$value"', ({ name, value }) => {
  expect(() => readConfig({ ...complete, [name]: value })).toThrow(`"${name}" is "${value}" instead of`);
});

test.each([
  '--proxy-server',
  '--no-proxy-server',
  '--proxy-bypass-list',
  '--proxy-pac-url',
  '--proxy-auto-detect',
  '--user-data-dir',
  '--profile-directory',
  '--remote-debugging-port',
  '--remote-debugging-address',
  '--user-agent',
])('readConfig() refuses the flag "%s", which is not free', (flag) => {
  const read = (flags: readonly string[]) =>
    readConfig({ ...complete, WHATSAPP_BROWSER_ARGUMENTS: JSON.stringify(flags) });
  expect(() => read(['--mute-audio', `${flag}=1`])).toThrow(`"WHATSAPP_BROWSER_ARGUMENTS" holds "${flag}"`);
  expect(() => read([flag])).toThrow(ConfigError);
});

test('readConfig() trusts no root of its own on the real WhatsApp', () => {
  const environment = { ...complete, WHATSAPP_ROOT_PUBLIC_KEY: 'ab'.repeat(32) };
  expect(() => readConfig(environment)).toThrow('"WHATSAPP_WEB_SOCKET_URL" is missing beside');
});
