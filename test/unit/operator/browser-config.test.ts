import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, parseConfig } from '@berth/operator/config.ts';
import { expect, test } from 'vitest';
import { projectDir } from '../../cluster/paths.ts';

interface ChartSchema {
  readonly properties: {
    readonly session: {
      readonly properties: {
        readonly browser: { readonly properties: Readonly<Record<string, { readonly pattern?: string }>> };
      };
    };
  };
}

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
  const seccompProfile = 'berth/chromium.json';
  expect(parse({}).browser).toEqual({
    sandbox: false,
    shmSize: '256Mi',
    seccompProfile,
    locale: 'en-US',
    userAgent: '',
  });
  const told = { sandbox: true, shmSize: '1Gi', seccompProfile: 'a.json', locale: 'pt-BR', userAgent: 'Mozilla/5.0' };
  expect(parse({ browser: told }).browser).toEqual(told);
});

test.each([
  { field: 'sandbox', value: 'true' },
  { field: 'shmSize', value: 'large' },
  { field: 'shmSize', value: '0' },
  { field: 'shmSize', value: '64M' },
  { field: 'locale', value: 'en_US.UTF-8' },
  { field: 'userAgent', value: 'two\nlines' },
  { field: 'userAgent', value: 7 },
  { field: 'seccompProfile', value: '/etc/chromium.json' },
  { field: 'seccompProfile', value: '../chromium.json' },
])('parseConfig() refuses $value as session.browser.$field', ({ field, value }) => {
  const attempt = () => parse({ browser: { [field]: value } });
  expect(attempt).toThrow(ConfigurationError);
  expect(attempt).toThrow(`"session.browser.${field}" is`);
});

test.each(['shmSize', 'locale', 'userAgent'] as const)(
  "parseConfig() and the chart's schema have one pattern of %s",
  async (name) => {
    const schema = JSON.parse(
      await readFile(join(projectDir, 'charts/berth/values.schema.json'), 'utf8'),
    ) as ChartSchema;
    const pattern = new RegExp(schema.properties.session.properties.browser.properties[name]?.pattern ?? '');
    const values = [
      '1Gi',
      '0',
      '64M',
      '512',
      '8Ki',
      'en-US',
      'pt',
      'zh-Hant-TW',
      'EN',
      'en_US',
      'en-US,en',
      'Mozilla/5.0 (X11)',
      'é',
    ];
    const isTaken = (value: string) => {
      try {
        parse({ browser: { [name]: value } });
        return true;
      } catch {
        return false;
      }
    };
    expect(values.filter(isTaken)).toEqual(values.filter((value) => pattern.test(value)));
  },
);
