import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { isStartAskedFor, isStarting } from '@berth/operator/plan/starting.ts';
import { describe, expect, test } from 'vitest';
import { anObserved, aPod, aReport, aRunningSession, aSession, at, containers } from '../../../builders/observed.ts';

test('plan() starts a run only when the fleet has room, and does nothing for it before', () => {
  expect(plan(anObserved()).turn).toBe('start');
  expect(plan(anObserved({ waitsForTurn: true }))).toEqual({ reason: 'AwaitingTurn', actions: [] });
});

test('a session that waits for its turn says so', () => {
  const session = aSession();
  const { phase, conditions } = sessionStatus(anObserved({ session, waitsForTurn: true }), session);
  expect(phase).toBe('Pending');
  expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'Paced',
    message: 'Many sessions start now: the pod is created when it is its turn, as the operator is configured',
  });
});

test('plan() kills, stops and deletes without a turn', () => {
  const pod = aPod();
  for (const overrides of [
    { spec: { engine: 'Baileys', desiredState: 'Killed' } },
    { spec: { engine: 'Baileys', desiredState: 'Stopped' } },
    { deletionRequested: true },
  ] as const) {
    const { turn, actions } = plan(anObserved({ session: aRunningSession(overrides), pod, waitsForTurn: true }));
    expect([turn, actions[0]?.type]).toEqual([undefined, 'MarkEnding']);
  }
});

describe('isStartAskedFor()', () => {
  const ended = (reason: 'crashed' | 'evicted' | 'spec_changed' | 'stopped' | 'restarted' | 'force_killed') =>
    aSession({ status: { observedGeneration: 1, lastEnd: { reason, at: at(-1), runUid: 'run-1' } } });
  test.each([
    { name: 'a new session', session: aSession(), is: true },
    { name: 'after a stop', session: ended('stopped'), is: true },
    { name: 'after a force-kill', session: ended('force_killed'), is: true },
    { name: 'after a restart', session: ended('restarted'), is: true },
    { name: 'after a crash', session: ended('crashed'), is: false },
    { name: 'after an eviction', session: ended('evicted'), is: false },
    { name: 'in a rollout', session: ended('spec_changed'), is: false },
    { name: 'after a crash, with a spec changed since', session: { ...ended('crashed'), generation: 2 }, is: true },
  ])('$name: $is', ({ session, is }) => expect(isStartAskedFor(session)).toBe(is));
});

describe('isStarting()', () => {
  const session = aSession();
  const { podIp: _, ...pending } = aPod({ container: containers.waiting, phase: 'Pending' });
  test.each([
    { name: 'created', pod: pending, session, is: true },
    { name: 'running, not heard of', pod: aPod(), session, is: true },
    { name: 'it has reported', pod: aPod(), session: aSession({ status: { report: aReport() } }), is: false },
    {
      name: 'only the run before has',
      pod: aPod({ uid: 'run-2' }),
      session: aSession({ status: { report: aReport() } }),
      is: true,
    },
    { name: 'no node takes it', pod: { ...pending, unschedulable: 'no room' }, session, is: false },
    {
      name: 'no image',
      pod: { ...pending, container: { state: 'waiting', reason: 'ImagePullBackOff', message: '' } },
      session,
      is: false,
    },
    { name: 'being deleted', pod: aPod({ deletionRequested: true }), session, is: false },
    { name: 'ended', pod: aPod({ container: containers.terminated }), session, is: false },
    { name: 'of a session that is gone', pod: aPod(), session: undefined, is: false },
  ] as const)('$name: $is', ({ pod, session: owner, is }) => expect(isStarting(pod, owner)).toBe(is));
});
