import {
  isPageReconnecting,
  isRefusal,
  readDisconnected,
  readLostState,
} from '@berth/session-pod/engine/web-disconnect.ts';
import { expect, test } from 'vitest';

test.each([
  { reason: 'CONFLICT', code: 440, saidByWhatsApp: true },
  { reason: 'LOGOUT', code: 401, saidByWhatsApp: true },
  { reason: 'UNPAIRED', code: 401, saidByWhatsApp: true },
  { reason: 'UNPAIRED_IDLE', code: 401, saidByWhatsApp: true },
  { reason: 'TOS_BLOCK', code: 403, saidByWhatsApp: true },
  { reason: 'SMB_TOS_BLOCK', code: 403, saidByWhatsApp: true },
  { reason: 'PROXYBLOCK', code: 428, saidByWhatsApp: false },
  { reason: 'DEPRECATED_VERSION', code: 500, saidByWhatsApp: false },
  { reason: 'UNLAUNCHED', code: 428, saidByWhatsApp: false },
])('readDisconnected() gives $reason the code $code', ({ reason, ...disconnect }) => {
  expect(readDisconnected(reason)).toMatchObject({ ...disconnect, message: expect.stringContaining(reason) });
});

test('readLostState() tells a timeout from another loss, and passes on no text that is no state', () => {
  expect(readLostState('TIMEOUT')).toMatchObject({ code: 408, saidByWhatsApp: false });
  expect(readLostState('OPENING')).toMatchObject({ code: 428, saidByWhatsApp: false });
  expect(readLostState('<b>5511999990000</b>').message).not.toContain('5511999990000');
});

test.each(['CONNECTED', 'OPENING', 'PAIRING', 'TIMEOUT', 'UNPAIRED', 'UNPAIRED_IDLE', 'UNLAUNCHED'])(
  'isRefusal() lets %s pass, which belongs to a login or its loss',
  (state) => {
    expect(isRefusal(state)).toBe(false);
  },
);

test('isPageReconnecting() knows the states that pass by themselves', () => {
  expect(['OPENING', 'PAIRING', 'TIMEOUT'].every(isPageReconnecting)).toBe(true);
  expect(['CONNECTED', 'CONFLICT', 'UNPAIRED'].some(isPageReconnecting)).toBe(false);
});
