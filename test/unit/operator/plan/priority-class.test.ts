import { ConfigurationError, parseConfig } from '@berth/operator/config.ts';
import { podManifest } from '@berth/operator/plan/manifests.ts';
import { templateHash } from '@berth/operator/plan/rollout.ts';
import { expect, test } from 'vitest';
import { aSession, planConfig } from '../../../builders/observed.ts';

const images = { Baileys: 'baileys:1', WhatsAppWebJS: 'web:1' };
const parse = (session: object) =>
  parseConfig(
    { namespace: 'berth-system', serviceName: 'berth', session: { images, ...session } },
    'operator-1',
    'info',
  );
const withDefault = { ...planConfig, sessionPriorityClassName: 'sessions' };
const plain = { engine: 'Baileys' } as const;
const named = { ...plain, pod: { priorityClassName: 'gold' } };

test.each([
  { what: 'names none, and there is no default: none', spec: plain, config: planConfig, is: undefined },
  { what: 'names none: that of the default', spec: plain, config: withDefault, is: 'sessions' },
  { what: 'names one: its own', spec: named, config: withDefault, is: 'gold' },
])('podManifest() gives a session that $what', ({ spec, config, is }) => {
  expect(podManifest(aSession({ spec }), config).spec.priorityClassName).toBe(is);
});

test('another default priority class is another template of the pods that it is for, and of no others', () => {
  expect(templateHash(plain, withDefault)).not.toBe(templateHash(plain, planConfig));
  expect(templateHash(named, withDefault)).toBe(templateHash(named, planConfig));
});

test.each([
  { session: {}, name: '', allowed: [] },
  { session: { priorityClassName: '', allowedPriorityClasses: ['gold'] }, name: '', allowed: ['gold'] },
  { session: { priorityClassName: 'sessions' }, name: 'sessions', allowed: ['sessions'] },
  {
    session: { priorityClassName: 'gold', allowedPriorityClasses: ['gold'] },
    name: 'gold',
    allowed: ['gold'],
  },
])('parseConfig() allows the default priority class by name: $session', ({ session, name, allowed }) => {
  expect(parse(session).plan).toMatchObject({ sessionPriorityClassName: name, allowedPriorityClasses: allowed });
});

test('parseConfig() refuses a default priority class that is no text', () => {
  expect(() => parse({ priorityClassName: 1 })).toThrow(ConfigurationError);
});
