import { ConfigurationError, parseConfig } from '@berth/operator/config.ts';
import { expect, test } from 'vitest';

const images = { Baileys: 'session:dev', WhatsAppWebJS: 'web:dev' };
const parse = (fields: object) =>
  parseConfig(
    { namespace: 'berth-system', serviceName: 'berth', session: { images }, ...fields },
    'operator-1',
    'info',
  );

test.each([
  { given: {}, is: true },
  { given: { perSessionSeries: true }, is: true },
  { given: { perSessionSeries: false }, is: false },
])('parseConfig() makes of $given that sessions have series of their own: $is', ({ given, is }) => {
  expect(parse(given).perSessionSeries).toBe(is);
});

test('parseConfig() refuses a perSessionSeries that is neither true nor false', () => {
  expect(() => parse({ perSessionSeries: 'no' })).toThrow(ConfigurationError);
});
