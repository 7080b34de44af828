import { ConfigurationError, parseConfig } from '@berth/operator/config.ts';
import { expect, test } from 'vitest';

const images = { Baileys: 'baileys:dev', WhatsAppWebJS: 'web:dev' };
const parse = (session: object) =>
  parseConfig(
    { namespace: 'berth-system', serviceName: 'berth', session: { images, ...session } },
    'operator-1',
    'info',
  ).plan;

test('parseConfig() takes image and resources of each engine', () => {
  const resources = { WhatsAppWebJS: { limits: { memory: '1Gi' } } };
  expect(parse({ resources })).toMatchObject({ images, resources: { Baileys: {}, ...resources } });
  expect(() => parse({ images: { Baileys: 'baileys:dev' } })).toThrow('"session.images.WhatsAppWebJS" is absent');
});

test('parseConfig() leaves the sandbox of the browser off, and gives it 256Mi of shared memory, unless told', () => {
  const browser = { sandbox: false, shmSize: '256Mi', seccompProfile: 'berth/chromium.json' };
  expect(parse({}).browser).toEqual(browser);
  const told = { sandbox: true, shmSize: '1Gi', seccompProfile: 'chromium.json' };
  expect(parse({ browser: told }).browser).toEqual(told);
});

test.each([
  { field: 'sandbox', value: 'true' },
  { field: 'shmSize', value: 'large' },
  { field: 'shmSize', value: '0' },
  { field: 'seccompProfile', value: '/etc/chromium.json' },
  { field: 'seccompProfile', value: '../chromium.json' },
])('parseConfig() refuses $value as session.browser.$field', ({ field, value }) => {
  const attempt = () => parse({ browser: { [field]: value } });
  expect(attempt).toThrow(ConfigurationError);
  expect(attempt).toThrow(`"session.browser.${field}" is`);
});
