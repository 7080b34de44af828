import { EventEmitter } from 'node:events';
import { createBaileysEngine } from '@berth/session-pod/engine/baileys-engine.ts';
import type { EngineListener } from '@berth/session-pod/engine/engine.ts';
import { openCredentialStore } from '@berth/session-pod/storage/credential-store.ts';
import type * as Baileys from '@whiskeysockets/baileys';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { silentLog } from '../silent-log.ts';

/** Stands for Baileys' socket, for what no server can make it do at will. */
const socket = {
  ev: new EventEmitter(),
  ws: Object.assign(new EventEmitter(), { isOpen: true, socket: null }),
  user: undefined as { readonly id: string } | undefined,
  query: vi.fn<() => Promise<unknown>>(),
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
  socket.user = undefined;
});

async function anOpenEngine() {
  const store = openCredentialStore(aTemporaryDirectory());
  const events: Parameters<EngineListener['onSession']>[0][] = [];
  const listener = { onSession: (event: (typeof events)[number]) => void events.push(event), onMessage: () => {} };
  const engine = createBaileysEngine({ store, log: silentLog, listener });
  onTestFinished(async () => {
    await engine.close(100);
    store.close();
  });
  await engine.connect();
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
