import { enginePod } from '@berth/operator/plan/engine-pod.ts';
import { podManifest } from '@berth/operator/plan/manifests.ts';
import type { PlanConfig } from '@berth/operator/plan/observed.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';
import { aSession, planConfig } from '../../../builders/observed.ts';

const podOf = (spec: WhatsAppSessionSpec, config: Partial<PlanConfig> = {}) =>
  podManifest(aSession({ spec }), { ...planConfig, ...config }).spec;
const envOf = (spec: WhatsAppSessionSpec) => new Map(podOf(spec).containers[0].env.map((each) => [each.name, each]));

test('podManifest() gives a browser shared memory, a place for its files, and the image and resources of its engine', () => {
  const resources = { Baileys: {}, WhatsAppWebJS: { limits: { memory: '1Gi' } } };
  const { containers, volumes, securityContext } = podOf({ engine: 'WhatsAppWebJS' }, { resources });
  const [container] = containers;
  expect(container).toMatchObject({ image: planConfig.images.WhatsAppWebJS, resources: resources.WhatsAppWebJS });
  expect(volumes).toContainEqual({ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } });
  expect(volumes).toContainEqual({ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } });
  expect(container.volumeMounts).toContainEqual({ name: 'shm', mountPath: '/dev/shm' });
  expect(securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
  const env = envOf({ engine: 'WhatsAppWebJS' });
  expect(env.get('BERTH_ENGINE')).toMatchObject({ value: 'WhatsAppWebJS' });
  expect(env.get('BERTH_BROWSER_SANDBOX')).toMatchObject({ value: 'false' });
  expect(env.get('HOME')).toMatchObject({ value: '/tmp' });
});

test('podManifest() tells the browser its language and name, an empty one where it has its own', () => {
  const spec: WhatsAppSessionSpec = { engine: 'WhatsAppWebJS' };
  const browser = { ...planConfig.browser, locale: 'pt-BR', userAgent: 'Mozilla/5.0' };
  const { env } = podOf(spec, { browser }).containers[0];
  expect(env).toContainEqual({ name: 'BERTH_BROWSER_LOCALE', value: 'pt-BR' });
  expect(env).toContainEqual({ name: 'BERTH_BROWSER_USER_AGENT', value: 'Mozilla/5.0' });
  expect(envOf(spec).get('BERTH_BROWSER_USER_AGENT')).toMatchObject({ value: '' });
});

test.each(['Baileys', 'WhatsAppWebJS'] as const)(
  'podManifest() says nothing of a proxy to %s without one',
  (engine) => {
    expect(envOf({ engine }).has('BERTH_PROXY_URL')).toBe(false);
  },
);

test('podManifest() gives a pod with Baileys nothing of a browser', () => {
  const { volumes } = podOf({ engine: 'Baileys' });
  expect(volumes.map(({ name }) => name)).toEqual(['data', 'tmp', 'ca', 'token']);
  expect(volumes).toContainEqual({ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } });
  expect([...envOf({ engine: 'Baileys' }).keys()].filter((name) => /BROWSER|XDG|PAIRING|PROXY/.test(name))).toEqual([]);
});

test('enginePod() asks for the seccomp profile of the nodes only where the browser has its own sandbox', () => {
  const browser = { ...planConfig.browser, sandbox: true, seccompProfile: 'berth/chromium.json' };
  const { env, seccompProfile } = enginePod('WhatsAppWebJS', browser);
  expect(seccompProfile).toEqual({ type: 'Localhost', localhostProfile: 'berth/chromium.json' });
  expect(env).toContainEqual({ name: 'BERTH_BROWSER_SANDBOX', value: 'true' });
  expect(enginePod('Baileys', browser).seccompProfile).toEqual({ type: 'RuntimeDefault' });
});

test.each(['Baileys', 'WhatsAppWebJS'] as const)(
  'podManifest() tells %s which phone to link by a code, in digits',
  (engine) => {
    const pairing = { method: 'PairingCode', phoneNumber: '+5511999999999' } as const;
    expect(envOf({ engine, pairing }).get('BERTH_PAIRING_PHONE_NUMBER')).toMatchObject({ value: '5511999999999' });
    expect(envOf({ engine, pairing: { method: 'QRCode' } }).has('BERTH_PAIRING_PHONE_NUMBER')).toBe(false);
  },
);

test.each(['Baileys', 'WhatsAppWebJS'] as const)(
  'podManifest() lets %s not start without the proxy that it is to use',
  (engine) => {
    const proxy = { secretRef: { name: 'egress', key: 'url' } };
    expect(envOf({ engine, proxy }).get('BERTH_PROXY_URL')).toEqual({
      name: 'BERTH_PROXY_URL',
      valueFrom: { secretKeyRef: { name: 'egress', key: 'url', optional: false } },
    });
  },
);
