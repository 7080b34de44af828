import { openFailure, startFailure } from '@berth/session-pod/engine/web-failure.ts';
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

test('startFailure() says what to do about the sandbox where there is one', () => {
  expect(startFailure(new Error('Target closed'), true)).toContain('BERTH_BROWSER_SANDBOX=false');
  expect(startFailure(new Error('Target closed'), false)).not.toContain('SANDBOX');
});
