import { fnv1a, specHash, stableJson } from '@berth/operator/plan/spec-hash.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';

const plain: WhatsAppSessionSpec = { engine: 'Baileys' };
const phoneNumber = '+5511999999999';
const proxy = { secretRef: { name: 'egress', key: 'url' } };

test.each<{ readonly name: string; readonly spec: Partial<WhatsAppSessionSpec>; readonly differs: boolean }>([
  { name: 'settings of the pod', spec: { pod: { labels: { team: 'a' } } }, differs: true },
  { name: 'pairing by code', spec: { pairing: { method: 'PairingCode', phoneNumber } }, differs: true },
  { name: 'a proxy', spec: { proxy }, differs: true },
  { name: 'pairing by QR code, written out', spec: { pairing: { method: 'QRCode' } }, differs: false },
  { name: 'the time for pairing', spec: { pairing: { timeoutSeconds: 60 } }, differs: false },
  { name: 'the wish to stop', spec: { desiredState: 'Stopped' }, differs: false },
  { name: 'an empty pod', spec: { pod: {} }, differs: false },
])('specHash() differs with $name: $differs', ({ spec, differs }) => {
  expect(specHash({ ...plain, ...spec }) !== specHash(plain)).toBe(differs);
});

test('specHash() differs with another number, and with another key of the proxy', () => {
  const byCode = (number: string) => specHash({ ...plain, pairing: { method: 'PairingCode', phoneNumber: number } });
  expect(byCode('+5511999999998')).not.toBe(byCode(phoneNumber));
  const other = { secretRef: { name: 'egress', key: 'backup' } };
  expect(specHash({ ...plain, proxy: other })).not.toBe(specHash({ ...plain, proxy }));
});

test('specHash() of a spec without the newer fields is what an operator took that did not know them', () => {
  const pod = { labels: { team: 'a' } };
  expect(specHash({ ...plain, pod })).toBe(fnv1a(stableJson(pod)));
});
