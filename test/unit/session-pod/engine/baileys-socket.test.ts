import { EventEmitter } from 'node:events';
import { createBaileysEngine } from '@berth/session-pod/engine/baileys-engine.ts';
import type { EngineListener } from '@berth/session-pod/engine/engine.ts';
import { openCredentialStore } from '@berth/session-pod/storage/credential-store.ts';
import type * as Baileys from '@whiskeysockets/baileys';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { eventually } from '../eventually.ts';
import { silentLog } from '../silent-log.ts';

/** Stands for Baileys' socket, for what no server can make it do at will. */
const socket = {
  ev: new EventEmitter(),
  ws: Object.assign(new EventEmitter(), { isOpen: true, socket: null }),
  user: undefined as { readonly id: string } | undefined,
  query: vi.fn<() => Promise<unknown>>(),
  requestPairingCode: vi.fn<() => Promise<string>>(),
  end: async () => {},
};
vi.mock('@whiskeysockets/baileys', async (original) => ({
  ...(await original<typeof Baileys>()),
  makeWASocket: ({ auth }: { auth: { creds: { me?: object } } }) => {
    auth.creds.me = { id: '5511999990001:1@s.whatsapp.net' };
    return socket;
  },
}));

beforeEach(() => {
  socket.ev.removeAllListeners();
  socket.ws.removeAllListeners();
  socket.user = undefined;
});

async function anEngine(options: { readonly pairingPhoneNumber?: string } = {}) {
  const store = openCredentialStore(aTemporaryDirectory());
  const events: Parameters<EngineListener['onSession']>[0][] = [];
  const onSession = (event: (typeof events)[number]) => void events.push(event);
  const listener = { onSession, onMessage: () => {}, onAck: () => {} };
  const engine = createBaileysEngine({ store, log: silentLog, listener, ...options });
  onTestFinished(async () => {
    await engine.close(100);
    store.close();
  });
  await engine.connect();
  return { engine, events };
}

async function anOpenEngine() {
  const { engine, events } = await anEngine();
  socket.ev.emit('connection.update', { connection: 'open' });
  return { engine, events };
}
const closedBy = (message: string, statusCode: number) => {
  const error = Object.assign(new Error(message), { isBoom: true, output: { statusCode } });
  socket.ev.emit('connection.update', { connection: 'close', lastDisconnect: { error, date: new Date() } });
};

test('createBaileysEngine() opens without knowing who it is, and tells it when it learns', async () => {
  const { events } = await anOpenEngine();
  expect(events).toEqual([{ type: 'Opened' }]);
  socket.ev.emit('creds.update', {});
  socket.user = { id: '5511999990001:1@s.whatsapp.net' };
  socket.ev.emit('creds.update', {});
  expect(events).toEqual([
    { type: 'Opened' },
    { type: 'AccountLearnt', account: { id: '5511999990001@s.whatsapp.net' } },
  ]);
});

test('logout() is confirmed by the answer to it', async () => {
  const { engine } = await anOpenEngine();
  socket.query.mockResolvedValue({ tag: 'iq', attrs: { type: 'result' } });
  await engine.logout(1_000);
  expect(socket.query).toHaveBeenLastCalledWith(
    expect.objectContaining({ content: [expect.objectContaining({ tag: 'remove-companion-device' })] }),
    1_000,
  );
});

test('logout() is confirmed by the end of the stream of a removed device, without an answer', async () => {
  const { engine } = await anOpenEngine();
  socket.query.mockReturnValue(new Promise(() => {}));
  const logout = engine.logout(1_000);
  closedBy('Stream Errored (device_removed)', 401);
  await expect(logout).resolves.toBeUndefined();
});

test.each([
  { name: 'a close', query: () => new Promise(() => {}), close: ['Connection Closed', 428], why: 'closed with 428' },
  {
    name: "Baileys' own 401",
    query: () => new Promise(() => {}),
    close: ['Intentional Logout', 401],
    why: 'closed with 401',
  },
  { name: 'a refusal', query: () => Promise.reject(new Error('not-allowed')), why: 'not-allowed' },
  { name: "Baileys' word for no answer", query: () => Promise.resolve(undefined), why: 'no answer within 200 ms' },
  { name: 'silence', query: () => new Promise(() => {}), why: 'no answer within 200 ms' },
] as const)('logout() is not confirmed by $name', async ({ query, why, ...given }) => {
  const { engine } = await anOpenEngine();
  socket.query.mockImplementation(query);
  const logout = engine.logout(200);
  if ('close' in given) closedBy(...(given.close as readonly [string, number]));
  await expect(logout).rejects.toThrow(
    expect.objectContaining({ code: 'LOGOUT_UNCONFIRMED', message: expect.stringContaining(why) }),
  );
});

test('createBaileysEngine() asks for one code on each connection, however many QR codes come, and shows none of them', async () => {
  socket.requestPairingCode.mockReset().mockResolvedValueOnce('CODE0001').mockResolvedValueOnce('CODE0002');
  const { engine, events } = await anEngine({ pairingPhoneNumber: '5511999990001' });
  for (const qr of ['first', 'second']) socket.ev.emit('connection.update', { qr });
  socket.ws.emit('CB:iq,,link_code_companion_reg', { tag: 'iq', attrs: {} });
  await eventually(
    () => events,
    (seen) => seen.length === 1,
  );
  closedBy('QR refs attempts ended', 408);
  await engine.connect();
  socket.ev.emit('connection.update', { qr: 'third' });
  socket.ws.emit('CB:iq,,link_code_companion_reg', { tag: 'iq', attrs: {} });
  await eventually(
    () => events,
    (seen) => seen.length === 3,
  );
  expect(events).toMatchObject([
    { type: 'PairingCodeReceived', code: 'CODE0001' },
    { type: 'Closed', code: 408, saidByWhatsApp: false },
    { type: 'PairingCodeReceived', code: 'CODE0002' },
  ]);
  expect(socket.requestPairingCode.mock.calls).toEqual([['5511999990001'], ['5511999990001']]);
});

test('createBaileysEngine() tells why WhatsApp gives no code, as a connection that ended', async () => {
  socket.requestPairingCode.mockReset().mockResolvedValue('CODE0001');
  const { events } = await anEngine({ pairingPhoneNumber: '5511999990001' });
  socket.ev.emit('connection.update', { qr: 'first' });
  const error = { tag: 'error', attrs: { code: '429', text: 'rate-overlimit' } };
  socket.ws.emit('CB:iq,type:error', { tag: 'iq', attrs: {}, content: [error] });
  await eventually(
    () => events,
    (seen) => seen.length > 0,
  );
  expect(events).toMatchObject([
    {
      type: 'Closed',
      saidByWhatsApp: false,
      message: expect.stringContaining('WhatsApp answered 429 (rate-overlimit)'),
    },
  ]);
});
