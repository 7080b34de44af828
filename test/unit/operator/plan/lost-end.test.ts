import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { expect, test } from 'vitest';
import { anObserved, aPod, aRunningSession, aSessionEnd, at, containers } from '../../../builders/observed.ts';

const ending = { reason: 'force_killed', since: at(-5) } as const;
const pod = aPod({ container: containers.terminated, deletionRequested: true, deletionGraceSeconds: 0 });
const session = aRunningSession({}, ending);
const lost = aSessionEnd({ isLost: true });
const endRefusal = 'exceeded quota: none';

test('plan() keeps a dead pod as long as its record is refused', () => {
  expect(plan(anObserved({ session, pod, endRefusal })).reason).toBe('RecordingSessionEnd');
});

test('sessionStatus() says in Ready what refuses the record', () => {
  const { phase, conditions } = sessionStatus(anObserved({ session, pod, endRefusal }), session);
  expect(phase).toBe('Terminating');
  expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'EndNotRecorded',
    message: expect.stringContaining(endRefusal),
  });
});

test('plan() releases the pod when its end is lost, also where the session is being deleted', () => {
  for (const deletionRequested of [false, true]) {
    const { actions } = plan(anObserved({ session: { ...session, deletionRequested }, pod, sessionEnd: lost }));
    expect(actions).toEqual([{ type: 'RemovePodFinalizer', uid: 'run-1' }]);
  }
});

test('plan() lets a deleted session go whose last end is lost', () => {
  const deleted = { ...session, deletionRequested: true };
  const { actions } = plan(anObserved({ session: deleted, sessionEnd: lost }));
  expect(actions.map(({ type }) => type)).toEqual(['RemoveSessionFinalizer']);
});

test('sessionStatus() names no record of a lost end', () => {
  const { lastEnd, run } = sessionStatus(anObserved({ session, sessionEnd: lost }), session);
  expect(run).toBeUndefined();
  expect(lastEnd).toMatchObject({ runUid: 'run-1', reason: 'crashed' });
  expect(lastEnd).not.toHaveProperty('sessionEnd');
});
