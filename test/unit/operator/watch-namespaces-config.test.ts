import { ConfigurationError, parseConfig } from '@berth/operator/config.ts';
import { expect, test } from 'vitest';

const session = { images: { Baileys: 'session:dev', WhatsAppWebJS: 'web:dev' } };
const parse = (fields: object) =>
  parseConfig({ namespace: 'berth-system', serviceName: 'berth', session, ...fields }, 'operator-1', 'info');

test('parseConfig() watches all namespaces unless told', () => {
  expect(parse({})).toMatchObject({ watchNamespaces: [], sessionsRoleName: 'berth-operator-sessions' });
  expect(parse({ watchNamespaces: ['team-a', 'b'] }).watchNamespaces).toEqual(['team-a', 'b']);
});

test.each([[['a', 'a']], [['Team']], [['']], [['a/b']], ['a'], [[1]], [['x'.repeat(64)]]])(
  'parseConfig() takes no watchNamespaces such as %j',
  (watchNamespaces) => {
    expect(() => parse({ watchNamespaces })).toThrow(ConfigurationError);
    expect(() => parse({ watchNamespaces })).toThrow(/watchNamespaces/);
  },
);
