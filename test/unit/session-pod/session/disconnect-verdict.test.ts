import { disconnectVerdict } from '@berth/session-pod/session/disconnect-verdict.ts';
import { expect, test } from 'vitest';

test.each([
  { code: 401, sinceRestartMs: Number.POSITIVE_INFINITY, verdict: 'logged_out' },
  { code: 401, sinceRestartMs: 30_001, verdict: 'logged_out' },
  { code: 401, sinceRestartMs: 30_000, verdict: 'reconnect' },
  { code: 401, sinceRestartMs: 0, verdict: 'reconnect' },
  { code: 403, sinceRestartMs: 0, verdict: 'banned' },
  { code: 440, sinceRestartMs: 0, verdict: 'replaced' },
  { code: 408, sinceRestartMs: Number.POSITIVE_INFINITY, verdict: 'reconnect' },
  { code: 428, sinceRestartMs: Number.POSITIVE_INFINITY, verdict: 'reconnect' },
  { code: 500, sinceRestartMs: Number.POSITIVE_INFINITY, verdict: 'reconnect' },
  { code: 503, sinceRestartMs: Number.POSITIVE_INFINITY, verdict: 'reconnect' },
  { code: 515, sinceRestartMs: Number.POSITIVE_INFINITY, verdict: 'reconnect' },
  { code: 411, sinceRestartMs: Number.POSITIVE_INFINITY, verdict: 'reconnect' },
] as const)('disconnectVerdict() of $code, $sinceRestartMs ms after a 515, is $verdict', (given) => {
  expect(disconnectVerdict(given.code, given.sinceRestartMs)).toBe(given.verdict);
});

test('disconnectVerdict() calls a code that is no integer a bug of the caller', () => {
  expect(() => disconnectVerdict(Number.NaN, 0)).toThrow(RangeError);
});
