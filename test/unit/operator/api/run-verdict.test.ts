import { expect, test } from 'vitest';
import { runVerdict } from '../../../../operator/api/run-verdict.ts';
import type { WhatsAppSessionStatus } from '../../../../operator/resource/whatsapp-session.ts';
import { aPod, aSession } from './observed-run.ts';

const ending = { reason: 'stopped', since: '2026-01-01T00:00:00Z' } as const;
const lastEnd = { reason: 'crashed', at: '2026-01-01T00:00:00Z' } as const;

test.each<[string, WhatsAppSessionStatus, string]>([
  ['is the one of the status', { run: { uid: 'run-1', number: 1 } }, 'lives'],
  ['is not in the status yet', {}, 'lives'],
  ['comes after the one of the status', { run: { uid: 'run-0', number: 0 } }, 'lives'],
  ['comes after the last one', { lastEnd: { ...lastEnd, runUid: 'run-0', number: 0 } }, 'lives'],
  [
    'was asked to stop',
    { run: { uid: 'run-1', number: 1, ending: { ...ending, deadline: '2026-01-01T00:00:30Z' } } },
    'lives',
  ],
  ['was given up', { run: { uid: 'run-1', number: 1, ending } }, 'run_killed'],
  ['was replaced', { run: { uid: 'run-2', number: 2 } }, 'run_superseded'],
  ['has its end recorded', { lastEnd: { ...lastEnd, runUid: 'run-1', number: 1 } }, 'run_ended'],
  ['is older than the last one', { lastEnd: { ...lastEnd, runUid: 'run-2', number: 2 } }, 'run_superseded'],
])('runVerdict() of a run that %s', (_name, status, verdict) => {
  expect(runVerdict('run-1', aPod(), aSession(status))).toBe(verdict);
});

test.each([
  ['no pod', undefined, aSession(), 'pod_gone'],
  ['the pod of another run', aPod({ uid: 'run-2' }), aSession(), 'pod_gone'],
  ['a pod that is being deleted', aPod({ deletionRequested: true }), aSession(), 'pod_deleted'],
  ['no session', aPod(), undefined, 'session_gone'],
  ['another session of the same name', aPod({ sessionUid: 'before' }), aSession(), 'session_gone'],
])('runVerdict() with %s', (_name, pod, session, verdict) => {
  expect(runVerdict('run-1', pod, session)).toBe(verdict);
});
