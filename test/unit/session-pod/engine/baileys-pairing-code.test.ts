import { EventEmitter } from 'node:events';
import { requestPairingCode } from '@berth/session-pod/engine/baileys-pairing-code.ts';
import { PairingCodeRefusedError } from '@berth/session-pod/engine/pairing-code-refused-error.ts';
import type { WASocket } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { type EngineEvent, useBaileysEngine } from './use-baileys-engine.ts';

const { anEngine, phone } = useBaileysEngine();
/** The account may be known at once, or be learnt later. */
const typesOf = (events: readonly EngineEvent[]) =>
  events.map(({ type }) => type).filter((type) => type !== 'AccountLearnt');

test('createBaileysEngine() is linked by the code that it gives for a phone number, and comes back without one', async () => {
  const number = '5511999980001';
  const first = anEngine({ pairingPhoneNumber: number });
  await first.engine.connect();
  const { code } = await first.event('PairingCodeReceived');
  expect(code).toMatch(/^[0-9A-Z]{8}$/);
  await phone().enterCode(code, number);
  const { account } = await first.event('Opened');
  expect(account?.id).toBe(`${number}@s.whatsapp.net`);
  expect(typesOf(first.events)).toEqual(['PairingCodeReceived', 'Paired', 'Closed', 'Opened']);
  await first.engine.close(1_000);

  const next = anEngine({ pairingPhoneNumber: number, store: first.store });
  await next.engine.connect();
  await next.event('Opened');
  expect(typesOf(next.events)).toEqual(['Opened']);
});

test('createBaileysEngine() gives a new code after a connection that ended unpaired, and does not log in as the number', async () => {
  const number = '5511999980002';
  const { engine, event, events } = anEngine({ pairingPhoneNumber: number });
  await engine.connect();
  const { code } = await event('PairingCodeReceived');
  await phone().fault('refuse'); // Ends nothing by itself: the next dial fails.
  await engine.connect();
  await event('Closed', 1);
  await phone().fault('accept');
  const { code: next } = await event('PairingCodeReceived', 2);
  expect(next).not.toBe(code);
  await phone().enterCode(next, number);
  await event('Opened');
  expect(await phone().connections(number)).toMatchObject([{ outcome: 'accepted' }]);
  expect(events.some((each) => each.type === 'Closed' && each.saidByWhatsApp && each.code === 401)).toBe(false);
});

/** A socket that answers the request for a code with this. */
function aSocket(answer: { readonly event: string; readonly stanza: object } | undefined) {
  const ws = new EventEmitter();
  return {
    ws,
    async requestPairingCode() {
      if (answer) setImmediate(() => ws.emit(answer.event, answer.stanza));
      return 'ABCD1234';
    },
  } as unknown as WASocket & { readonly ws: EventEmitter };
}

test.each([
  {
    name: 'a refusal',
    answer: {
      event: 'CB:iq,type:error',
      stanza: { tag: 'iq', attrs: {}, content: [{ tag: 'error', attrs: { code: '429', text: 'rate-overlimit' } }] },
    },
    why: 'WhatsApp answered 429 (rate-overlimit)',
  },
  { name: 'silence', answer: undefined, why: 'no answer within 50 ms' },
])('requestPairingCode() gives no code after $name', async ({ answer, why }) => {
  const socket = aSocket(answer);
  const asked = requestPairingCode(socket, '5511999980003', 50);
  await expect(asked).rejects.toThrow(PairingCodeRefusedError);
  await expect(asked).rejects.toThrow(why);
  expect(socket.ws.eventNames()).toEqual([]);
});

test('requestPairingCode() gives the code once WhatsApp has taken the request', async () => {
  const socket = aSocket({ event: 'CB:iq,,link_code_companion_reg', stanza: { tag: 'iq', attrs: {} } });
  expect(await requestPairingCode(socket, '5511999980003', 1_000)).toBe('ABCD1234');
  await eventually(
    () => socket.ws.eventNames(),
    (names) => names.length === 0,
  );
});
