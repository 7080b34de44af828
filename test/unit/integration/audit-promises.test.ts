import { podAnnotation, podFinalizer, sessionContainer, sessionFinalizer } from '@berth/operator/resource/names.ts';
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../integration/audit-log.ts';
import { judgeAuditLog } from '../../integration/audit-promises.ts';

type Given = Pick<AuditEvent, 'verb'> & Partial<AuditEvent>;

/** Requests one after the other: each is answered before the next is asked for. */
function log(...given: readonly Given[]): AuditEvent[] {
  const at = (tick: number) => new Date(Date.UTC(2026, 0, 1) + tick).toISOString();
  return given.map((event, index) => ({
    stage: 'ResponseComplete',
    userAgent: 'berth-operator',
    requestReceivedTimestamp: at(index * 2),
    stageTimestamp: at(index * 2 + 1),
    responseStatus: { code: 200 },
    ...event,
  }));
}

const running = { containerStatuses: [{ name: sessionContainer, state: { running: {} } }] };
const terminated = { containerStatuses: [{ name: sessionContainer, state: { terminated: {} } }] };

function pod(uid: string, finalizers: readonly string[], status: Record<string, unknown>) {
  const metadata = { name: 'ada', uid, finalizers, annotations: { [podAnnotation.sessionUid]: 'session-1' } };
  return { metadata, spec: { nodeName: 'node-1' }, status };
}

const pods = { resource: 'pods', namespace: 'team', name: 'ada' };
const sessions = { resource: 'whatsappsessions', namespace: 'team', name: 'ada' };
const create = (uid: string): Given => ({
  verb: 'create',
  objectRef: pods,
  responseObject: pod(uid, [podFinalizer], {}),
});
const mark = (uid: string): Given => ({
  verb: 'patch',
  objectRef: { ...sessions, subresource: 'status' },
  responseObject: { metadata: { uid: 'session-1' }, status: { run: { uid, ending: { reason: 'stopped' } } } },
});
const remove = (uid: string, options: object = { gracePeriodSeconds: 0, preconditions: { uid } }): Given => ({
  verb: 'delete',
  objectRef: pods,
  requestObject: options,
  responseObject: pod(uid, [podFinalizer], running),
});
const record = (uid: string, namespace = 'team'): Given => ({
  verb: 'create',
  objectRef: { resource: 'sessionends', namespace },
  responseObject: { spec: { run: { uid }, terminationConfirmed: true } },
});
const release = (uid: string, status: Record<string, unknown> = terminated): Given => ({
  verb: 'patch',
  objectRef: pods,
  responseObject: pod(uid, [], status),
});
const letGo: Given = {
  verb: 'patch',
  objectRef: sessions,
  responseObject: { metadata: { uid: 'session-1', name: 'ada', deletionTimestamp: '2026-01-01T00:00:00Z' } },
};

test('judgeAuditLog() finds nothing in a run that was ended as promised, and its successor', () => {
  const { broken, seen } = judgeAuditLog(
    log(create('a'), mark('a'), remove('a'), record('a'), release('a'), create('b'), {
      ...letGo,
      responseObject: { metadata: { uid: 'session-1', finalizers: [sessionFinalizer] } },
    }),
  );
  expect(broken).toEqual([]);
  expect(seen).toEqual({ pods: 2, released: 1, ends: 1, kills: 1, sessionsReleased: 0 });
});

const { responseObject: _, ...refused } = { ...record('a'), responseStatus: { code: 409 } };
test.each([
  { name: 'a second pod beside a living one', events: [create('a'), create('b')], finds: 'was made before' },
  { name: 'two ends of one run', events: [create('a'), record('a'), record('a')], finds: 'has 2 ends' },
  { name: 'an end of nothing', events: [record('x')], finds: 'the end of a run that never was' },
  { name: 'a release without an end', events: [create('a'), release('a')], finds: 'went without an end' },
  {
    name: 'a release after an end that was refused',
    events: [create('a'), refused, release('a')],
    finds: 'before its end was recorded',
  },
  {
    name: 'a release before the end is recorded',
    events: [create('a'), release('a'), record('a')],
    finds: 'before its end was recorded',
  },
  {
    name: 'a release of a living pod',
    events: [create('a'), record('a'), release('a', running)],
    finds: 'before it was reported as terminated',
  },
  {
    name: 'a deletion with grace',
    events: [create('a'), mark('a'), remove('a', { gracePeriodSeconds: 30, preconditions: { uid: 'a' } })],
    finds: 'with grace 30',
  },
  {
    name: 'a deletion by name alone',
    events: [create('a'), mark('a'), remove('a', { gracePeriodSeconds: 0 })],
    finds: 'without its uid',
  },
  {
    name: 'a deletion without a reason',
    events: [create('a'), remove('a'), mark('a')],
    finds: 'before the reason was written down',
  },
  { name: 'a session let go before its pod', events: [create('a'), letGo], finds: 'was let go before its pod' },
] as const)('judgeAuditLog() finds $name', ({ events, finds }) => {
  expect(judgeAuditLog(log(...events)).broken).toContainEqual(expect.stringContaining(finds));
});

test('judgeAuditLog() lets an end be copied out of a namespace that goes', () => {
  const gone: Given = { verb: 'delete', objectRef: { resource: 'namespaces', name: 'team' } };
  const ended = [create('a'), record('a'), release('a')];
  expect(judgeAuditLog(log(...ended, gone, record('a', 'berth'))).broken).toEqual([]);
  expect(judgeAuditLog(log(...ended, record('a', 'berth'), gone)).broken).toHaveLength(1);
});
