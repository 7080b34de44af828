import { reportVerdict } from '@berth/session-pod/deliver/report-verdict.ts';
import { expect, test } from 'vitest';

test.each([
  { status: 200, failures: 3, refusals: 1, verdict: { type: 'delivered' } },
  { status: 410, failures: 0, refusals: 0, verdict: { type: 'over' } },
  { status: 403, failures: 0, refusals: 0, verdict: { type: 'over' } },
  { status: 401, failures: 0, refusals: 0, verdict: { type: 'retry', inMs: 10_000 } },
  { status: 401, failures: 1, refusals: 1, verdict: { type: 'over' } },
  { status: 400, failures: 0, refusals: 0, verdict: { type: 'retry', inMs: 5_000 } },
  { status: 400, failures: 9, refusals: 0, verdict: { type: 'retry', inMs: 60_000 } },
  { status: 503, failures: 0, refusals: 0, verdict: { type: 'retry', inMs: 1_000 } },
  { status: 503, failures: 2, refusals: 0, verdict: { type: 'retry', inMs: 4_000 } },
  { status: 404, failures: 0, refusals: 0, verdict: { type: 'retry', inMs: 1_000 } },
  { status: undefined, failures: 50, refusals: 0, verdict: { type: 'retry', inMs: 30_000 } },
] as const)('reportVerdict() of $status after $failures failures and $refusals refusals is $verdict.type', (given) => {
  expect(reportVerdict(given.status, given.failures, given.refusals, 1)).toMatchObject(given.verdict);
});
