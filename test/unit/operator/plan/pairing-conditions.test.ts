import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';
import { anObserved, aPod, aReport, aRunningSession, aSession, at } from '../../../builders/observed.ts';

const byCode: WhatsAppSessionSpec = {
  engine: 'Baileys',
  pairing: { method: 'PairingCode', phoneNumber: '+5511999999999' },
};
const byQr: WhatsAppSessionSpec = { engine: 'Baileys' };

function messages(spec: WhatsAppSessionSpec, overrides: Parameters<typeof anObserved>[0] = {}) {
  const session = aRunningSession({ spec, status: { report: aReport({ state: 'waiting_for_pairing' }) } });
  const observed = anObserved({ session, pod: aPod(), ...overrides });
  const { conditions = [] } = sessionStatus(observed, observed.session ?? session);
  return Object.fromEntries(conditions.map(({ type, message }) => [type, message]));
}

test('sessionStatus() says how to get at the code that waits, by the way of pairing', () => {
  const { Ready, Paired } = messages(byCode);
  expect(Ready).toBe(
    'A code waits to be entered in WhatsApp under Linked devices: kubectl exec alice -- node session-pod/local.ts pairing-code',
  );
  expect(Paired).toContain('enter the pairing code');
  expect(messages(byQr)['Ready']).toMatch(/^A QR code waits to be scanned .* session-pod\/local\.ts qr$/);
  expect(messages(byQr)['Paired']).toContain('scan the QR code');
});

test('sessionStatus() says of a code that nobody entered what it was', () => {
  const status = {
    lastEnd: { runUid: 'run-1', number: 1, reason: 'pairing_timeout', at: at(-1) },
    recovery: { restarts: 0, held: 'pairing_timeout' },
  } as const;
  const down = (spec: WhatsAppSessionSpec) => {
    const { pod: _, ...observed } = anObserved({ session: aSession({ spec, status }) });
    return sessionStatus(observed, aSession({ spec, status })).conditions?.find(({ type }) => type === 'Ready')
      ?.message;
  };
  expect(down(byCode)).toContain('Nobody entered the pairing code within spec.pairing.timeoutSeconds');
  expect(down(byQr)).toContain('Nobody scanned the QR code within spec.pairing.timeoutSeconds');
});

test('sessionStatus() names the Secret of a proxy that is not there, with the words of the kubelet', () => {
  const container = {
    state: 'waiting',
    reason: 'CreateContainerConfigError',
    message: 'secret "egress" not found',
  } as const;
  const session = aRunningSession({
    spec: { ...byQr, proxy: { secretRef: { name: 'egress', key: 'url' } } },
    status: {},
  });
  const { conditions } = sessionStatus(anObserved({ session, pod: aPod({ uid: 'run-2', container }) }), session);
  expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    reason: 'StartBlocked',
    message: 'The container cannot start (CreateContainerConfigError): secret "egress" not found',
  });
});
