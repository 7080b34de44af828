import { expect, test } from 'vitest';
import { parseReport, ReportInvalidError } from '../../../../operator/api/parse-report.ts';

const valid = {
  runUid: 'run-1',
  sequence: 1,
  state: 'ready',
  stateSince: '2026-01-01T00:00:00.000Z',
  reconnects: 0,
  certificateSha256: 'a'.repeat(64),
};

test('parseReport() takes a report, and drops what it does not know', () => {
  const account = { id: '1555@s.whatsapp.net', pushName: 'Ada' };
  const told = { ...valid, recentReconnects: 2, account, message: 'fine' };
  expect(parseReport({ ...told, extra: 1 })).toEqual(told);
});

test.each([
  ['runUid', { runUid: '' }],
  ['runUid', { runUid: 7 }],
  ['sequence', { sequence: 0 }],
  ['sequence', { sequence: 1.5 }],
  ['sequence', { sequence: '1' }],
  ['state', { state: 'sleeping' }],
  ['stateSince', { stateSince: 'yesterday' }],
  ['stateSince', { stateSince: '2026-13-01T00:00:00Z' }],
  ['reconnects', { reconnects: -1 }],
  ['recentReconnects', { recentReconnects: '1' }],
  ['certificateSha256', { certificateSha256: 'A'.repeat(64) }],
  ['account', { account: 'Ada' }],
  ['account.id', { account: {} }],
  ['account.id', { account: { id: 'x'.repeat(129) } }],
  ['account.pushName', { account: { id: '1', pushName: 7 } }],
  ['message', { message: {} }],
])('parseReport() names %s in %j', (field, overrides) => {
  expect(() => parseReport({ ...valid, ...overrides })).toThrow(`Cannot take the report: "${field}" is not `);
});

test.each([undefined, null, 'text', []])('parseReport() refuses %j', (body) => {
  expect(() => parseReport(body)).toThrow(ReportInvalidError);
});

test('parseReport() cuts what is for people to the length that can be stored, by whole characters', () => {
  const account = { id: '1', pushName: '😀'.repeat(200) };
  const report = parseReport({ ...valid, account, message: `half a pair \ud83d${'x'.repeat(600)}` });
  expect(report.account?.pushName).toBe('😀'.repeat(128));
  expect(report.message).toHaveLength(512);
  expect(report.message?.isWellFormed()).toBe(true);
});
