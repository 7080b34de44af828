import { openFailure, pairingCodeFailure, startFailure } from '@berth/session-pod/engine/web-failure.ts';
import { expect, test } from 'vitest';

test.each([
  {
    name: 'the network',
    error: new Error('net::ERR_NAME_NOT_RESOLVED at https://web.whatsapp.com/'),
    code: 408,
    told: 'cannot be loaded',
  },
  {
    name: 'a proxy',
    error: new Error('HTTP 407, the proxy wants other credentials'),
    code: 408,
    told: 'other credentials',
  },
  { name: 'a page that went away', error: new Error('Execution context was destroyed.'), code: 428, told: 'went away' },
  { name: 'a script that did not begin', error: 'auth timeout', code: 500, told: 'did not begin' },
  {
    name: 'a page that changed',
    error: new Error('Requiring unknown module "WAWebCmd".\n  at x'),
    code: 500,
    told: 'WAWebCmd',
  },
])('openFailure() tells of $name, as no word of WhatsApp', ({ error, code, told }) => {
  expect(openFailure(error)).toEqual({ code, saidByWhatsApp: false, message: expect.stringContaining(told) });
});

test('openFailure() gives one line, without numbers that may be of a phone', () => {
  const { message } = openFailure(new Error('Bad number 5511999990000\nand a stack'));
  expect(message).not.toMatch(/\d{5}|\n/);
});

test('openFailure() tells of a pairing code that was refused as Baileys does, whatever the words of the page', () => {
  const refused = pairingCodeFailure(new Error('HTTP 429: rate-overlimit for 5511999990000\n    at x'));
  expect(openFailure(refused)).toEqual({
    code: 408,
    saidByWhatsApp: false,
    message:
      'Cannot get a pairing code: HTTP 429: rate-overlimit for #; see whether the phone number is right, or pair by QR code',
  });
});

test.each([
  'Execution context was destroyed.',
  'Requiring unknown module "WAWebAltDeviceLinkingApi".',
  'Cannot read properties of undefined (reading "x")',
])('pairingCodeFailure() takes "%s" for no word on the number', (message) => {
  const error = new Error(message);
  expect(pairingCodeFailure(error)).toBe(error);
});

test('startFailure() says what to do about the sandbox where there is one', () => {
  expect(startFailure(new Error('Target closed'), true)).toContain("the chart's session.browser.sandbox");
  expect(startFailure(new Error('Target closed'), false)).not.toContain('sandbox');
});
