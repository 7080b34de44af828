import type { RunReport } from '@berth/protocol';
import { expect, test } from 'vitest';
import { reportAfter } from '../../../../operator/api/report-status.ts';

const account = { id: '1555@s.whatsapp.net', pushName: 'Ada' };

function aReport(overrides: Partial<RunReport> = {}): RunReport {
  return {
    runUid: 'run-1',
    sequence: 2,
    state: 'connecting',
    stateSince: '2026-01-01T00:00:10Z',
    reconnects: 0,
    certificateSha256: 'a'.repeat(64),
    ...overrides,
  };
}

test('reportAfter() keeps when the run was first ready', () => {
  const ready = reportAfter(undefined, aReport({ state: 'ready' }));
  expect(ready.readyAt).toBe('2026-01-01T00:00:10Z');
  const again = reportAfter(ready, aReport({ state: 'ready', stateSince: '2026-01-01T01:00:00Z' }));
  expect(again.readyAt).toBe('2026-01-01T00:00:10Z');
  expect(reportAfter(again, aReport({ runUid: 'run-2' })).readyAt).toBeUndefined();
});

test('reportAfter() keeps the account over runs, until a person has to pair again', () => {
  const known = reportAfter(undefined, aReport({ state: 'ready', account }));
  const next = reportAfter(known, aReport({ runUid: 'run-2', sequence: 1 }));
  expect(next.account).toEqual(account);
  expect(reportAfter(next, aReport({ runUid: 'run-2', state: 'waiting_for_pairing' })).account).toBeUndefined();
});

test('reportAfter() forgets the message of the report before', () => {
  const before = reportAfter(undefined, aReport({ message: 'connection closed' }));
  expect(reportAfter(before, aReport()).message).toBeUndefined();
});
