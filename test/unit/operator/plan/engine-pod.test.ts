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
  for (const name of ['HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME'])
    expect(env.get(name)).toMatchObject({ value: expect.stringMatching(/^\/tmp/) });
});

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
