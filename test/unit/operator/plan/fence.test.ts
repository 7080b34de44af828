import { endOfRun } from '@berth/operator/plan/end-of-run.ts';
import { fenceLeftMs, isPresumedDead } from '@berth/operator/plan/fence.ts';
import type { Observed, ObservedNode } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { describe, expect, test } from 'vitest';
import {
  aNode,
  anObserved,
  aPod,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  containers,
  nowMs,
} from '../../../builders/observed.ts';

const fenceMs = 300_000;
const secondsAgo = (seconds: number) => nowMs - seconds * 1000;
const notReady = (over: Partial<ObservedNode> = {}) =>
  aNode({ ready: false, readyChangedAtMs: secondsAgo(400), lostSeenAtMs: secondsAgo(400), ...over });
const gone = (over: Partial<ObservedNode> = {}): ObservedNode => {
  const { bootId: _, readyChangedAtMs: __, ...node } = aNode({ exists: false, ready: false, ...over });
  return node;
};

describe('fenceLeftMs()', () => {
  test.each([
    { name: 'has nothing to say of a node that is ready', node: aNode(), leftMs: undefined },
    {
      name: 'counts from when this leader saw the node lost',
      node: notReady({ lostSeenAtMs: secondsAgo(10) }),
      leftMs: 290_000,
    },
    {
      name: 'counts from the change of its condition where that is later',
      node: notReady({ readyChangedAtMs: secondsAgo(5) }),
      leftMs: 295_000,
    },
    {
      name: 'takes no time that is still to come from a clock that is wrong',
      node: notReady({ readyChangedAtMs: nowMs + 3_600_000, lostSeenAtMs: secondsAgo(10) }),
      leftMs: 290_000,
    },
    { name: 'begins to count with the first sight', node: gone(), leftMs: fenceMs },
    {
      name: 'counts for a node without object as well',
      node: gone({ lostSeenAtMs: secondsAgo(300) }),
      leftMs: 0,
    },
    {
      name: 'waits for nothing where the node is declared out of service',
      node: notReady({ lostSeenAtMs: nowMs, outOfService: true }),
      leftMs: 0,
    },
    {
      name: 'does not believe that a node is out of service whose kubelet says it is ready',
      node: aNode({ outOfService: true }),
      leftMs: undefined,
    },
  ])('$name', ({ node, leftMs }) => {
    expect(fenceLeftMs(anObserved({ node }))).toBe(leftMs);
  });
});

describe('isPresumedDead()', () => {
  const deleted = aPod({ deletionRequested: true, deletionGraceSeconds: 0 });
  test.each([
    { name: 'a pod that is going, on a node lost for longer than the fence', pod: deleted, node: notReady(), is: true },
    { name: 'a pod that nobody has asked to go', pod: aPod(), node: notReady(), is: false },
    {
      name: 'a pod whose node is lost for a moment',
      pod: deleted,
      node: notReady({ lostSeenAtMs: secondsAgo(299) }),
      is: false,
    },
    { name: 'a pod whose node has lost its object a moment ago', pod: deleted, node: gone(), is: false },
    { name: 'a pod on a ready node, however long it takes', pod: deleted, node: aNode(), is: false },
    { name: 'a pod whose node is not known', pod: deleted, node: undefined, is: false },
  ])('$name: $is', ({ pod, node, is }) => {
    const { node: _, ...rest } = anObserved({ pod });
    expect(isPresumedDead(node === undefined ? rest : { ...rest, node })).toBe(is);
  });
});

const killed = { reason: 'force_killed', since: at(-20) } as const;
/** A kill whose pod says "running, ready", as it does on a lost node. */
const killOnLostNode = (over: Partial<Observed> = {}) =>
  anObserved({
    session: aRunningSession({ spec: { engine: 'Baileys', desiredState: 'Killed' } }, killed),
    pod: aPod({ deletionRequested: true, deletionGraceSeconds: 0 }),
    node: notReady(),
    ...over,
  });

describe('plan() on a lost node', () => {
  test('waits for the fence, and looks again when it is over', () => {
    const node = notReady({ lostSeenAtMs: secondsAgo(100) });
    expect(endOfRun(killOnLostNode({ node }))).toEqual({
      reason: 'AwaitingFence',
      actions: [],
      requeueAfterMs: 200_000,
    });
  });

  test('records a kill beyond the fence as what it was, not confirmed', () => {
    const { reason, actions } = plan(killOnLostNode());
    expect(reason).toBe('RecordingSessionEnd');
    expect(actions).toMatchObject([
      { type: 'CreateSessionEnd', spec: { reason: 'force_killed', terminationConfirmed: false } },
    ]);
  });

  test('records as confirmed what the kubelet has reported after all', () => {
    const pod = aPod({ deletionRequested: true, deletionGraceSeconds: 0, container: containers.terminated });
    const { actions } = plan(killOnLostNode({ pod }));
    expect(actions).toMatchObject([{ type: 'CreateSessionEnd', spec: { terminationConfirmed: true } }]);
  });

  test('lets the pod go once its end is recorded and told', () => {
    const { reason, actions } = plan(killOnLostNode({ sessionEnd: aSessionEnd({ terminationConfirmed: false }) }));
    expect([reason, actions]).toEqual(['ReleasingPod', [{ type: 'RemovePodFinalizer', uid: 'run-1' }]]);
  });

  test('does not let a pod go whose node came back after its end was recorded', () => {
    const sessionEnd = aSessionEnd({ terminationConfirmed: false });
    expect(plan(killOnLostNode({ sessionEnd, node: aNode() }))).toMatchObject({
      reason: 'AwaitingTermination',
      actions: [],
    });
  });

  test('takes the grace of a deletion by others away before it lets the pod go', () => {
    const observed = anObserved({
      session: aRunningSession(),
      pod: aPod({ deletionRequested: true, deletionGraceSeconds: 8, disrupted: true }),
      node: notReady(),
    });
    expect(plan(observed).actions).toMatchObject([
      { type: 'CreateSessionEnd', spec: { reason: 'evicted', terminationConfirmed: false } },
    ]);
    expect(plan({ ...observed, sessionEnd: aSessionEnd() }).actions).toEqual([
      { type: 'DeletePod', uid: 'run-1' },
      { type: 'RemovePodFinalizer', uid: 'run-1' },
    ]);
  });

  test('leaves a run alone until the fence is over', () => {
    const node = notReady({ lostSeenAtMs: secondsAgo(100) });
    const observed = anObserved({ session: aRunningSession(), pod: aPod(), node });
    expect(plan(observed)).toEqual({ reason: 'AwaitingNode', actions: [], requeueAfterMs: 200_000 });
  });

  test('gives a run up beyond the fence, whatever its pod goes on saying', () => {
    const observed = anObserved({ session: aRunningSession(), pod: aPod(), node: notReady() });
    expect(plan(observed)).toEqual({
      reason: 'GivingUpRun',
      actions: [
        { type: 'MarkEnding', runUid: 'run-1', reason: 'node_lost' },
        { type: 'DeletePod', uid: 'run-1' },
      ],
    });
  });

  test('ends a session that is stopped as stopped, also beyond the fence', () => {
    const session = aRunningSession({ spec: { engine: 'Baileys', desiredState: 'Stopped' } });
    expect(plan(anObserved({ session, pod: aPod(), node: notReady() })).actions).toMatchObject([
      { type: 'MarkEnding', reason: 'stopped' },
    ]);
  });

  test('starts no next run while the pod of the one before is there', () => {
    const session = aSession({ status: { lastEnd: { runUid: 'run-0', number: 0, at: at(-60), reason: 'stopped' } } });
    for (const node of [notReady({ lostSeenAtMs: nowMs }), gone()]) {
      const pod = aPod({ deletionRequested: true, deletionGraceSeconds: 0 });
      expect(plan(anObserved({ session, pod, node })).actions).toEqual([]);
    }
  });

  test('waits for the fence with the pod of another session of the same name as well', () => {
    const pod = aPod({ deletionRequested: true, deletionGraceSeconds: 0, sessionUid: 'session-0' });
    const node = notReady({ lostSeenAtMs: secondsAgo(299) });
    expect(plan(anObserved({ pod, node }))).toEqual({ reason: 'AwaitingFence', actions: [], requeueAfterMs: 1_000 });
    expect(plan(anObserved({ pod, node: notReady() })).actions).toMatchObject([
      { type: 'CreateSessionEnd', spec: { reason: 'deleted', terminationConfirmed: false } },
    ]);
  });
});

test.each([
  { name: 'is not ready', node: notReady({ lostSeenAtMs: secondsAgo(1) }), told: 'Node "node-1" is not ready' },
  { name: 'has lost its object', node: gone(), told: 'which ends no process' },
])('a session whose node $name is not Ready, whatever its pod goes on saying', ({ node, told }) => {
  const session = aRunningSession();
  const { phase, conditions } = sessionStatus(anObserved({ session, pod: aPod(), node }), session);
  expect(phase).toBe('Reconnecting');
  expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'NodeUnreachable',
    message: expect.stringContaining(told),
  });
});

describe('the end of a run whose node was started anew', () => {
  const ended = (container = containers.terminated, bootId = 'boot-2') =>
    plan(
      anObserved({
        session: aRunningSession({ status: { run: { uid: 'run-1', number: 1, bootId: 'boot-1' } } }),
        pod: aPod({ container, phase: 'Failed' }),
        node: aNode({ bootId }),
      }),
    ).actions;

  test('is node_lost, and confirmed', () => {
    expect(ended()).toMatchObject([{ spec: { reason: 'node_lost', terminationConfirmed: true } }]);
  });
  test('is crashed when the node has run all the while', () => {
    expect(ended(containers.terminated, 'boot-1')).toMatchObject([{ spec: { reason: 'crashed' } }]);
  });
});
