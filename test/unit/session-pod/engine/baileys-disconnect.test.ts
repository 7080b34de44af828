import { isLostConnection, readDisconnect } from '@berth/session-pod/engine/baileys-disconnect.ts';
import { expect, test } from 'vitest';

function aBoom(statusCode: number, message: string, data?: unknown): Error {
  return Object.assign(new Error(message), { isBoom: true, output: { statusCode }, data });
}

test.each([
  {
    name: 'a stream error',
    error: aBoom(401, 'Stream Errored (conflict)', { tag: 'conflict' }),
    code: 401,
    saidByWhatsApp: true,
  },
  { name: 'a failure', error: aBoom(403, 'Connection Failure', { reason: '403' }), code: 403, saidByWhatsApp: true },
  {
    name: "a proxy's 401",
    error: aBoom(401, 'WebSocket Error (Unexpected server response: 401)', new Error('x')),
    code: 401,
    saidByWhatsApp: false,
  },
  { name: 'a logout of its own', error: aBoom(401, 'Intentional Logout'), code: 401, saidByWhatsApp: false },
  { name: 'a lost connection', error: aBoom(408, 'Connection was lost'), code: 408, saidByWhatsApp: false },
  { name: 'any other error', error: new Error('bad frame'), code: 428, saidByWhatsApp: false },
  { name: 'no error', error: undefined, code: 428, saidByWhatsApp: false },
])('readDisconnect() knows $name', ({ error, code, saidByWhatsApp }) => {
  expect(readDisconnect(error)).toMatchObject({ code, saidByWhatsApp });
});

test('isLostConnection() tells a network cut from a bug', () => {
  expect(isLostConnection(aBoom(428, 'Connection Closed'))).toBe(true);
  expect(isLostConnection(aBoom(408, 'Timed Out'))).toBe(true);
  expect(isLostConnection(aBoom(500, 'Bad state'))).toBe(false);
  expect(isLostConnection(new TypeError('x is undefined'))).toBe(false);
});
