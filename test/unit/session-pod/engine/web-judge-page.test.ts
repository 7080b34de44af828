import type { PageEvent, PageProgress, Phase } from '@berth/session-pod/engine/web-judge-page.ts';
import { judgePage, newPage, phaseLimits, reopenedPage } from '@berth/session-pod/engine/web-judge-page.ts';
import { expect, test } from 'vitest';

const account = { id: '5511999990000@s.whatsapp.net' };

/** The effects of events one after the other, as short words, and where they led. */
function story(from: PageProgress, events: readonly PageEvent[], isPaired = false) {
  let progress = from;
  const effects: string[] = [];
  for (const event of events) {
    const verdict = judgePage(progress, event, isPaired);
    progress = verdict.progress;
    for (const effect of verdict.effects) {
      if (effect.type !== 'Tell') effects.push(effect.type);
      else if (effect.event.type === 'Closed') effects.push(`Closed ${effect.event.code}`);
      else effects.push(effect.event.type);
    }
  }
  return { phase: progress.phase, effects };
}

const seen = (state: string): PageEvent => ({ type: 'StateSeen', state });
const timeUp = (phase: Phase): PageEvent => {
  const limit = phaseLimits[phase];
  if (!limit) throw new Error(`Cannot wait for the end of "${phase}": it has no limit`);
  return { type: 'TimeUp', limit };
};
const pairing: readonly PageEvent[] = [{ type: 'PairingNeeded' }, { type: 'QrGiven', qr: '2@a' }];
const opened: PageProgress = { ...newPage, phase: 'open', account };

test('judgePage() opens the browser again after a pairing, before it tells of an open session', () => {
  const first = story(newPage, [
    ...pairing,
    { type: 'StateSeen', state: 'UNPAIRED' },
    { type: 'StateSeen', state: 'PAIRING' },
    { type: 'StateSeen', state: 'CONNECTED' },
    { type: 'Ready', account },
    { type: 'Ready', account }, // Of a page that was injected twice.
  ]);
  expect(first).toEqual({ phase: 'syncing', effects: ['QrReceived', 'Paired', 'Reopen'] });
  const second = story(reopenedPage, [
    { type: 'StateSeen', state: 'CONNECTED' },
    { type: 'Ready', account },
  ]);
  expect(second).toEqual({ phase: 'open', effects: ['NotePairing', 'Opened', 'CatchUp'] });
});

test('judgePage() tells of a pairing whose states nobody saw', () => {
  expect(story(newPage, [...pairing, { type: 'Ready', account }]).effects).toEqual(['QrReceived', 'Paired', 'Reopen']);
});

test('judgePage() asks for pairing again when the login did not come back', () => {
  const story2 = story(reopenedPage, [...pairing, { type: 'Ready', account }]);
  expect(story2).toEqual({ phase: 'syncing', effects: ['QrReceived', 'Paired', 'Reopen'] });
});

test('judgePage() opens a login that came back from the disk at once', () => {
  const restored = story(
    newPage,
    [
      { type: 'StateSeen', state: 'OPENING' },
      { type: 'Ready', account },
    ],
    true,
  );
  expect(restored).toEqual({ phase: 'open', effects: ['Opened', 'CatchUp'] });
});

test('judgePage() tells of a page that is logged in and not ready', () => {
  const syncing = story(newPage, [{ type: 'StateSeen', state: 'CONNECTED' }], true);
  expect(syncing).toEqual({ phase: 'syncing', effects: ['Paired'] });
});

test('judgePage() takes a page that has lost its login for damage, not for a new session', () => {
  const { effects } = judgePage(newPage, { type: 'PairingNeeded' }, true);
  expect(effects).toEqual([
    { type: 'GiveUp' },
    { type: 'Tell', event: expect.objectContaining({ type: 'Failed', reason: 'auth_failure' }) },
  ]);
});

test('judgePage() tells of a pairing code, and asks for another QR code when the page has stopped to give any', () => {
  const code = story(newPage, [{ type: 'PairingNeeded' }, { type: 'PairingCodeGiven', code: 'ABCD1234' }]);
  expect(code).toEqual({ phase: 'pairing', effects: ['PairingCodeReceived'] });
  const idle = story(newPage, [...pairing, { type: 'StateSeen', state: 'UNPAIRED_IDLE' }]);
  expect(idle).toEqual({ phase: 'pairing', effects: ['QrReceived', 'RefreshQr'] });
});

test('judgePage() tells of a page that connects again by itself, and keeps its browser', () => {
  const back = story(opened, [
    { type: 'StateSeen', state: 'OPENING' },
    { type: 'StateSeen', state: 'TIMEOUT' },
    { type: 'StateSeen', state: 'CONNECTED' },
  ]);
  expect(back).toEqual({ phase: 'open', effects: ['Closed 428', 'Opened'] });
});

test('judgePage() waits for whatsapp-web.js to be back in a page that was loaded anew', () => {
  const events: readonly PageEvent[] = [{ type: 'Reloaded' }, { type: 'StateSeen', state: 'CONNECTED' }];
  expect(story(opened, events, true)).toEqual({ phase: 'away', effects: ['Closed 428'] });
  const ready = story(opened, [...events, { type: 'Ready', account }], true);
  expect(ready).toEqual({ phase: 'open', effects: ['Closed 428', 'Opened', 'CatchUp'] });
});

test.each([
  { reason: 'LOGOUT', effects: ['NoteLogout', 'GiveUp', 'Closed 401'] },
  { reason: 'UNPAIRED', effects: ['NoteLogout', 'GiveUp', 'Closed 401'] },
  { reason: 'CONFLICT', effects: ['GiveUp', 'Closed 440'] },
  { reason: 'TOS_BLOCK', effects: ['GiveUp', 'Closed 403'] },
  { reason: 'PROXYBLOCK', effects: ['GiveUp', 'Closed 428'] },
])('judgePage() ends an open page that whatsapp-web.js gives up for $reason', ({ reason, effects }) => {
  expect(story(opened, [{ type: 'Disconnected', reason }], true).effects).toEqual(effects);
});

test('judgePage() hears of a blocked account at its login, when whatsapp-web.js does not', () => {
  expect(story(newPage, [{ type: 'StateSeen', state: 'TOS_BLOCK' }], true).effects).toEqual(['GiveUp', 'Closed 403']);
});

test('judgePage() takes a logout for one only where there was a login', () => {
  const logout: PageEvent = { type: 'Disconnected', reason: 'LOGOUT' };
  expect(story(newPage, [...pairing, logout]).effects).toEqual(['QrReceived', 'GiveUp', 'Closed 428']);
  expect(story(newPage, [logout], true).effects).toEqual(['NoteLogout', 'GiveUp', 'Closed 401']);
});

test.each(['opening', 'loaded', 'pairing', 'returning', 'syncing', 'away'] as const)(
  'judgePage() gives a page up whose time for "%s" is over, and says so',
  (phase) => {
    const { effects } = judgePage({ ...newPage, phase }, timeUp(phase), true);
    expect(effects).toEqual([
      { type: 'GiveUp' },
      { type: 'Tell', event: expect.objectContaining({ type: 'Closed', code: 408, saidByWhatsApp: false }) },
    ]);
    expect(JSON.stringify(effects)).toContain(`within ${(phaseLimits[phase]?.ms ?? 0) / 1_000} s`);
  },
);

test('judgePage() lets an open page be for as long as it likes', () => {
  expect(phaseLimits.open).toBeUndefined();
});

test.each(['OPENING', 'TIMEOUT', 'PAIRING', 'UNPAIRED', 'UNLAUNCHED'])(
  'judgePage() takes a page in state %s for loaded, and not for paired',
  (state) => {
    const loaded = { phase: 'loaded', effects: [] };
    expect(story(newPage, [seen(state)])).toEqual(loaded);
    expect(story({ ...newPage, isNew: true }, [seen(state)])).toEqual(loaded);
  },
);

test('judgePage() tells of a page that was loaded with its login', () => {
  expect(story({ ...newPage, phase: 'loaded' }, [seen('CONNECTED')])).toEqual({
    phase: 'syncing',
    effects: ['Paired'],
  });
});

const byQr: PageEvent = { type: 'QrGiven', qr: '2@a' };
const byCode: PageEvent = { type: 'PairingCodeGiven', code: 'ABCD1234' };
test.each([
  { kind: 'QR code', code: byQr, shown: 'QrReceived' },
  { kind: 'pairing code', code: byCode, shown: 'PairingCodeReceived' },
])('judgePage() takes a $kind back whose connection was lost, and asks for another one', ({ code, shown }) => {
  const waiting: readonly PageEvent[] = [{ type: 'PairingNeeded' }, code];
  const cut = [seen('OPENING'), seen('TIMEOUT'), seen('OPENING'), seen('PAIRING')];
  expect(story(newPage, [...waiting, ...cut])).toEqual({ phase: 'returning', effects: [shown, 'Closed 428'] });
  const back = story(newPage, [...waiting, ...cut, seen('UNPAIRED'), seen('UNPAIRED'), code]);
  expect(back).toEqual({ phase: 'pairing', effects: [shown, 'Closed 428', 'AskForCode', shown] });
});

test('judgePage() asks for another code where it saw nothing but the return of the connection', () => {
  const short = story(newPage, [{ type: 'PairingNeeded' }, byCode, seen('PAIRING'), seen('UNPAIRED')]);
  expect(short).toEqual({ phase: 'loaded', effects: ['PairingCodeReceived', 'AskForCode'] });
});

test('judgePage() takes a page for paired that comes back with a login', () => {
  const scanned = story(newPage, [...pairing, seen('OPENING'), seen('PAIRING'), seen('CONNECTED')]);
  expect(scanned).toEqual({ phase: 'syncing', effects: ['QrReceived', 'Closed 428', 'Paired'] });
});

test.each<{ name: string; events: readonly PageEvent[]; effects: readonly string[] }>([
  { name: 'shows a code', events: [], effects: ['QrReceived', 'Closed 428'] },
  { name: 'has lost its connection', events: [seen('OPENING')], effects: ['QrReceived', 'Closed 428'] },
])('judgePage() gives a page a new start that $name and is loaded anew', ({ events, effects }) => {
  const gone = story(newPage, [...pairing, ...events, { type: 'Reloaded' }, seen('UNPAIRED')]);
  expect(gone).toEqual({ phase: 'loaded', effects }); // The code comes by itself, or its time is soon over.
});

test('judgePage() ends the run with a page or browser that is dead', () => {
  const { effects } = judgePage(opened, { type: 'Dead', message: 'The browser ended' }, true);
  expect(effects).toEqual([
    { type: 'GiveUp' },
    { type: 'Tell', event: { type: 'Failed', message: 'The browser ended' } },
  ]);
});
