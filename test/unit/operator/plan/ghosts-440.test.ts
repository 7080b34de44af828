import { recoveryAfter } from '@berth/operator/plan/recovery.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { expect, test } from 'vitest';
import {
  aNode,
  anObserved,
  aPod,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  nowMs,
} from '../../../builders/observed.ts';

/** A session whose run before this one ended so many seconds ago without proof of its death. */
const afterUnconfirmed = (seconds: number, restarts = 0) =>
  aSession({
    status: {
      recovery: { restarts },
      lastEnd: { runUid: 'run-0', reason: 'node_lost', at: at(-seconds), unconfirmedAt: at(-seconds) },
    },
  });
const replaced = aSessionEnd({ reason: 'replaced', createdAtMs: nowMs });

test('a 440 within 15 minutes of an unconfirmed end is tried again with backoff, since the other client may be its ghost', () => {
  const recovery = recoveryAfter(afterUnconfirmed(899), replaced);
  expect(recovery).toMatchObject({ restarts: 1 });
  expect(recovery).not.toHaveProperty('held');
  expect(Date.parse(recovery.nextRestartAt ?? '')).toBeGreaterThan(nowMs);
});

test('a ghost never uses up the budget of restarts', () => {
  expect(recoveryAfter(afterUnconfirmed(60, 5), replaced)).not.toHaveProperty('held');
});

test.each([
  { name: '15 minutes after it', session: afterUnconfirmed(900) },
  { name: 'of a run whose predecessors are known to be dead', session: aSession() },
])('a 440 holds the session: $name', ({ session }) => {
  expect(recoveryAfter(session, replaced)).toMatchObject({ held: 'replaced' });
});

test('when an end was not confirmed is kept over the ends of the runs after it', () => {
  const before = { runUid: 'run-0', reason: 'node_lost', at: at(-60), unconfirmedAt: at(-60) } as const;
  const observed = anObserved({
    session: aRunningSession({ status: { lastEnd: before, run: { uid: 'run-1', number: 1 } } }),
    sessionEnd: replaced,
  });
  expect(sessionStatus(observed, observed.session ?? aSession()).lastEnd).toMatchObject({
    runUid: 'run-1',
    unconfirmedAt: at(-60),
  });
});

test('an end that is not confirmed says so in the last end', () => {
  const session = aRunningSession({ status: { run: { uid: 'run-1', number: 1 } } });
  const sessionEnd = aSessionEnd({ reason: 'node_lost', terminationConfirmed: false, createdAtMs: nowMs });
  expect(sessionStatus(anObserved({ session, sessionEnd }), session).lastEnd?.unconfirmedAt).toBe(
    '2026-01-01T12:00:00Z',
  );
});

test('the start of the machine is noted with the first sight of the running container, and never changed', () => {
  const session = aSession();
  const first = sessionStatus(anObserved({ pod: aPod() }), session).run;
  expect(first?.bootId).toBe('boot-1');
  const known = aRunningSession({ status: { run: { uid: 'run-1', number: 1, bootId: 'boot-1' } } });
  const later = anObserved({ session: known, pod: aPod(), node: aNode({ bootId: 'boot-2' }) });
  expect(sessionStatus(later, known).run?.bootId).toBe('boot-1');
});
