import type { PageEvent, PageProgress } from '@berth/session-pod/engine/web-phase.ts';
import { judgePage, newPage, phaseLimitMs } from '@berth/session-pod/engine/web-phase.ts';
import { expect, test } from 'vitest';

const loaded: PageProgress = { ...newPage, phase: 'loaded' };
const seen = (state: string): PageEvent => ({ type: 'StateSeen', state });

test.each(['OPENING', 'TIMEOUT', 'UNPAIRED', 'UNLAUNCHED'])(
  'judgePage() takes a page in state %s for loaded',
  (state) => {
    const { progress, effects } = judgePage(newPage, seen(state), false);
    expect(progress).toEqual(loaded);
    expect(effects).toEqual([]);
  },
);

test('judgePage() gives a page up that was loaded and shows neither a code nor a login in time, and says so', () => {
  expect(phaseLimitMs.loaded).toBe(30_000);
  const { effects } = judgePage(loaded, { type: 'TimeUp' }, false);
  expect(effects).toMatchObject([
    { type: 'GiveUp' },
    { type: 'Tell', event: { type: 'Closed', code: 408, saidByWhatsApp: false } },
  ]);
  expect(JSON.stringify(effects)).toContain('showed neither a code nor a login within 30 s');
});

test.each<{ name: string; event: PageEvent; phase: PageProgress['phase'] }>([
  { name: 'pairs a page that was loaded and shows a code', event: { type: 'QrGiven', qr: 'qr' }, phase: 'pairing' },
  { name: 'syncs a page that was loaded with its login', event: seen('CONNECTED'), phase: 'syncing' },
])('judgePage() $name', ({ event, phase }) => {
  expect(judgePage(loaded, event, false).progress.phase).toBe(phase);
});
