import { LogoutUnconfirmedError } from '@berth/session-pod/engine/logout-unconfirmed-error.ts';
import { NotConnectedError } from '@berth/session-pod/engine/not-connected-error.ts';
import type { PageEvent } from '@berth/session-pod/engine/web-judge-page.ts';
import { expect, test, vi } from 'vitest';
import { usePageKeeper } from './use-page-keeper.ts';

const aKeeper = usePageKeeper();
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const pairingNeeded: PageEvent = { type: 'PairingNeeded' };
const qr: PageEvent = { type: 'QrGiven', qr: '2@a' };
const code: PageEvent = { type: 'PairingCodeGiven', code: 'ABCD1234' };
const ready: PageEvent = { type: 'Ready', account: { id: '5511999990000@s.whatsapp.net' } };
const loggedOut: PageEvent = { type: 'Disconnected', reason: 'LOGOUT' };

const unlinked = 'Closed: The device was unlinked (LOGOUT)';
const noSpace = () => {
  throw new Error('no space left on device');
};

async function anOpenSession(given: Parameters<typeof aKeeper>[0] = {}) {
  const session = aKeeper({ isPaired: true, ...given });
  await session.keeper.connect();
  session.page().stateNow = 'CONNECTED';
  session.page().tell(ready);
  session.words.length = 0;
  return session;
}

test('connect() opens one page, however often it is called', async () => {
  const { keeper, words } = aKeeper();
  await Promise.all([keeper.connect(), keeper.connect()]);
  await keeper.connect();
  expect(words).toEqual(['browser started']);
});

test('connect() waits for the end of the last browser', async () => {
  const { keeper, page, words } = await anOpenSession();
  page().closes = false;
  page().tell({ type: 'Disconnected', reason: 'PROXYBLOCK' });
  const connected = keeper.connect();
  await pass(1_000);
  expect(words).not.toContain('browser started');
  page().end();
  await connected;
  expect(words.slice(-2)).toEqual(['browser ended', 'browser started']);
});

test('connect() tells of a browser that cannot be started', async () => {
  const { keeper, words } = aKeeper({ prepare: () => Promise.reject(new Error('no such file')) });
  await keeper.connect();
  expect(words).toEqual([expect.stringMatching(/^Failed: Cannot start the browser: no such file/)]);
});

test('a pairing ends in a browser that is closed and opened again, and only then is it noted and told as open', async () => {
  const { keeper, profile, page, words } = aKeeper();
  await keeper.connect();
  page().tell(pairingNeeded, qr, 'PAIRING', 'CONNECTED', ready);
  await pass(1_499);
  expect(words).toEqual(['browser started', 'QrReceived', 'Paired', 'new device']);
  expect(profile.pairedAtMs()).toBeUndefined();
  page().closes = false;
  await pass(1);
  await keeper.connect(); // A dial that was due before the pairing.
  expect(words.slice(4)).toEqual(['closing within 10000 ms']);
  page().end();
  await pass(0);
  page().tell('CONNECTED', ready);
  expect(words.slice(5)).toEqual(['browser ended', 'browser started', 'pairing noted', 'Opened', 'catching up']);
});

test('a pairing whose page dies before its browser is opened again is told, and is opened by the next dial', async () => {
  const { keeper, page, pages, words } = aKeeper();
  await keeper.connect();
  page().tell(pairingNeeded, qr, 'CONNECTED', ready, { type: 'Disconnected', reason: 'PROXYBLOCK' });
  await pass(20_000);
  expect(words.at(-1)).toContain('Closed');
  expect(pages).toHaveLength(1);
  await keeper.connect();
  expect(pages).toHaveLength(2);
});

test('a pairing that cannot be noted fails the run', async () => {
  const { keeper, page, words } = aKeeper({ profile: { notePairing: noSpace } });
  await keeper.connect();
  page().tell('CONNECTED', ready);
  expect(words).toContain('Failed: no space left on device');
});

test('a page by code whose connection was lost is told at once, and is asked for another code when it is back', async () => {
  const { keeper, page, pages, words } = aKeeper({ isPairedByQr: false });
  await keeper.connect();
  page().tell(pairingNeeded, code, 'UNPAIRED');
  page().stateNow = 'OPENING';
  await pass(1_000);
  expect(words.slice(1)).toEqual([
    'PairingCodeReceived',
    'Closed: The page lost its connection to WhatsApp (state OPENING)',
  ]);
  await keeper.connect();
  page().stateNow = 'UNPAIRED';
  await pass(5_000);
  page().tell(code);
  expect(words.slice(3)).toEqual(['code asked for', 'PairingCodeReceived']);
  expect(pages).toHaveLength(1);
});

test.each([
  { name: 'that stays away', state: 'TIMEOUT', afterMs: 46_000, says: 'did not get its connection back within 45 s' },
  { name: 'whose script is gone', state: 'null', afterMs: 200_000, says: 'showed no other code' },
])('a page $name while somebody is waited for is given up', async ({ state, afterMs, says }) => {
  const { keeper, page, words } = aKeeper({ isPairedByQr: false });
  await keeper.connect();
  page().tell(pairingNeeded, code);
  page().stateNow = state;
  await pass(afterMs);
  expect(words.slice(-3)).toEqual(['closing within 2000 ms', 'browser ended', expect.stringContaining(says)]);
});

test('a page may wait for ever as long as it shows another code in time', async () => {
  const { keeper, page, words } = aKeeper();
  await keeper.connect();
  page().stateNow = 'UNPAIRED';
  page().tell(pairingNeeded, qr);
  for (let count = 0; count < 10; count++) {
    await pass(180_000);
    page().tell(qr);
  }
  expect(new Set(words)).toEqual(new Set(['browser started', 'QrReceived']));
});

test.each([
  { isPairedByQr: true, refreshed: ['QR code refreshed'] },
  { isPairedByQr: false, refreshed: [] },
])(
  'a page that has stopped to renew its QR code is asked for one only where that is wanted ($isPairedByQr)',
  async (given) => {
    const { keeper, page, words } = aKeeper({ isPairedByQr: given.isPairedByQr });
    await keeper.connect();
    page().tell(pairingNeeded, qr, 'UNPAIRED_IDLE');
    expect(words.slice(2)).toEqual(given.refreshed);
  },
);

test('a page that does not answer for half a minute while it is opened is dead', async () => {
  const { keeper, page, words } = aKeeper();
  await keeper.connect();
  page().stateNow = undefined;
  await pass(40_000);
  expect(words.at(-1)).toMatch(/^Failed: WhatsApp's page or its browser has not answered for \d+ s/);
  expect(words.filter((each) => each.startsWith('closing'))).toHaveLength(1);
});

test.each<{ name: string; error: Error; hasBrowser: boolean; told: string }>([
  {
    name: 'without a browser',
    error: new Error('no such library'),
    hasBrowser: false,
    told: 'Failed: Cannot start the browser',
  },
  {
    name: 'with one',
    error: new Error('Requiring unknown module "WAWebCmd".'),
    hasBrowser: true,
    told: 'Closed: WhatsApp\'s page does not take whatsapp-web.js; it may have changed: Requiring unknown module "WAWebCmd".',
  },
])('a page that fails $name says why', async ({ error, hasBrowser, told }) => {
  const { keeper, page, words } = aKeeper();
  await keeper.connect();
  page().hasBrowser = hasBrowser;
  page().listener.onFailure(error);
  await pass(500);
  expect(words.at(-1)).toContain(told);
});

test('a page that fails because it was logged out is told as logged out', async () => {
  const { keeper, page, words } = aKeeper({ isPaired: true });
  await keeper.connect();
  page().listener.onFailure(new Error('Execution context was destroyed'));
  page().tell(loggedOut);
  await pass(1_000);
  expect(words.slice(1)).toEqual(['logout noted', 'closing within 2000 ms', 'browser ended', unlinked]);
});

test('a logout on the phone is told as one where it cannot be noted', async () => {
  const { page, words } = await anOpenSession({ profile: { noteLogout: noSpace } });
  page().tell(loggedOut);
  expect(words).toEqual(['logout noted', 'closing within 2000 ms', 'browser ended', unlinked]);
});

test.each<{ name: string; late: PageEvent }>([
  { name: 'code', late: qr },
  { name: 'logout', late: loggedOut },
  { name: 'death', late: { type: 'Dead', message: 'The browser ended' } },
])('the late $name of a page that was given up says nothing of the next one', async ({ late }) => {
  const { keeper, page, words } = await anOpenSession();
  const former = page();
  former.tell({ type: 'Disconnected', reason: 'PROXYBLOCK' });
  former.tell(late);
  await keeper.connect();
  words.length = 0;
  former.tell(late);
  former.listener.onFailure(new Error('Target closed'));
  await pass(1_000);
  expect(words).toEqual([]);
});

test('logout() is over when the page has answered, and notes it', async () => {
  const { keeper, page, profile, words } = await anOpenSession();
  page().logout = async () => page().tell({ type: 'Dead', message: 'The browser ended' });
  await keeper.logout(5_000);
  expect(words).toEqual(['logout noted']);
  expect(profile.pairedAtMs()).toBeUndefined();
});

test('logout() is over when the page tells of it, though it answers nothing or fails', async () => {
  for (const logout of [() => new Promise<void>(() => {}), () => Promise.reject(new Error('Target closed'))]) {
    const { keeper, page } = await anOpenSession();
    page().logout = logout;
    const done = keeper.logout(5_000);
    page().tell(loggedOut);
    await expect(done).resolves.toBeUndefined();
  }
});

test('logout() is over where it cannot be noted', async () => {
  const { keeper, page } = await anOpenSession({ profile: { noteLogout: noSpace } });
  page().logout = async () => {};
  await expect(keeper.logout(5_000)).resolves.toBeUndefined();
});

test.each([
  { name: 'nothing', logout: () => new Promise<void>(() => {}), because: 'no answer within 5000 ms' },
  { name: 'no', logout: () => Promise.reject(new Error('There is no connection')), because: 'There is no connection' },
])('logout() is unconfirmed where the page says $name, and the session goes on', async ({ logout, because }) => {
  const { keeper, page, profile, words } = await anOpenSession();
  page().logout = logout;
  const failed = keeper.logout(5_000).catch((error: unknown) => error);
  await pass(5_000);
  expect(await failed).toBeInstanceOf(LogoutUnconfirmedError);
  expect(await failed).toMatchObject({ message: expect.stringContaining(because) });
  expect(profile.pairedAtMs()).toBeDefined();
  page().tell('OPENING', 'CONNECTED');
  expect(words).toEqual(['Closed: The page lost its connection to WhatsApp (state OPENING)', 'Opened']);
});

test('logout() and openPage() refuse where no page is open', async () => {
  const { keeper, page } = aKeeper();
  await expect(keeper.logout(1_000)).rejects.toBeInstanceOf(NotConnectedError);
  await keeper.connect();
  page().tell(pairingNeeded, qr);
  expect(() => keeper.openPage('send')).toThrow(NotConnectedError);
});

const ways: readonly { phase: string; events: readonly (PageEvent | string)[]; afterMs?: number }[] = [
  { phase: 'it is opened', events: [] },
  { phase: 'it is loaded', events: ['UNPAIRED'] },
  { phase: 'somebody is waited for', events: [pairingNeeded, qr] },
  { phase: 'its code was lost', events: [pairingNeeded, qr, 'OPENING'] },
  { phase: 'it is logged in', events: ['CONNECTED'] },
  { phase: 'it is about to be opened again', events: [pairingNeeded, qr, ready], afterMs: 1_000 },
  { phase: 'it is open', events: [ready] },
  { phase: 'it is away', events: [ready, 'OPENING'] },
  { phase: 'it was given up', events: [{ type: 'Dead', message: 'The browser ended' }] },
];
test.each(ways)('close() ends a page for good while $phase', async ({ events, afterMs = 0 }) => {
  const { keeper, page, pages, words } = aKeeper();
  await keeper.connect();
  page().tell(...events);
  await pass(afterMs);
  words.length = 0;
  await keeper.close(1_000);
  page().tell(qr, 'CONNECTED', ready, loggedOut, { type: 'Dead', message: 'late' });
  await keeper.connect();
  await pass(300_000);
  expect(words.filter((each) => each !== 'closing within 1000 ms' && each !== 'browser ended')).toEqual([]);
  expect(pages).toHaveLength(1);
});

test('close() ends a page whose browser is just closed to be opened again, and opens none', async () => {
  const { keeper, page, pages } = aKeeper();
  await keeper.connect();
  page().closes = false;
  page().tell(pairingNeeded, qr, ready);
  await pass(1_500);
  const closed = keeper.close(1_000);
  await pass(2_000);
  await closed;
  page().end();
  await pass(10_000);
  expect(pages).toHaveLength(1);
});

test('close() does not wait longer for a browser that does not end', async () => {
  const { keeper, page } = await anOpenSession();
  page().closes = false;
  let isClosed = false;
  void keeper.close(2_500).then(() => (isClosed = true));
  await pass(3_600);
  expect(isClosed).toBe(true);
});
