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
    browser: { executable: '/usr/lib/chromium/chromium-headless-shell', hasSandbox: false, extraArguments: [] },
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
    BERTH_PROXY_URL: 'http://user:secret@proxy.example:3128',
    BERTH_BROWSER_EXECUTABLE: '/usr/bin/chromium',
    BERTH_BROWSER_SANDBOX: 'true',
    WHATSAPP_BROWSER_ARGUMENTS: '["--lang=pt-BR"]',
  });
  expect(read).toMatchObject({
    engine: 'WhatsAppWebJS',
    pairingPhoneNumber: '5511999990000',
    proxyUrl: 'http://user:secret@proxy.example:3128',
    browser: { executable: '/usr/bin/chromium', hasSandbox: true, extraArguments: ['--lang=pt-BR'] },
  });
});

test.each([
  { engine: 'Baileys', url: 'ftp://user:secret@proxy.example' },
  { engine: 'Baileys', url: 'user:secret@proxy.example:3128' },
  { engine: 'WhatsAppWebJS', url: 'socks5://user:secret@proxy.example:1080' },
])('readConfig() refuses the proxy "$url" of $engine without showing it', ({ engine, url }) => {
  const read = () => readConfig({ ...complete, BERTH_ENGINE: engine, BERTH_PROXY_URL: url });
  expect(read).toThrow(/"BERTH_PROXY_URL" (is no|has a user)/);
  expect(read).not.toThrow('secret');
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
  { name: 'WHATSAPP_BROWSER_ARGUMENTS', value: '["--user-data-dir=/tmp"]' },
  { name: 'WHATSAPP_BROWSER_ARGUMENTS', value: '["--remote-debugging-port=1"]' },
])('readConfig() names "$name" when it is "$value"', ({ name, value }) => {
  expect(() => readConfig({ ...complete, [name]: value })).toThrow(`"${name}" is "${value}" instead of`);
});

test('readConfig() trusts no root of its own on the real WhatsApp', () => {
  const environment = { ...complete, WHATSAPP_ROOT_PUBLIC_KEY: 'ab'.repeat(32) };
  expect(() => readConfig(environment)).toThrow('"WHATSAPP_WEB_SOCKET_URL" is missing beside');
});
