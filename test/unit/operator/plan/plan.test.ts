import type { Observed, ObservedPod } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import type { DesiredState } from '@berth/operator/resource/whatsapp-session.ts';
import { describe, expect, test } from 'vitest';
import {
  anObserved,
  anUnboundPod,
  aPod,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  containers,
  nowMs,
} from '../../../builders/observed.ts';
import { words } from './plan-words.ts';

/** The conditions that a pod can be observed in, each with what is in the status and the outbox by then. */
const podConditions: Record<string, (desiredState: DesiredState | undefined) => Observed> = {
  'no pod, never run': (desiredState) => anObserved({ session: aSession(specOf(desiredState)) }),
  'a pod that waits for a node': (d) => ({ ...running(d, {}), pod: anUnboundPod() }),
  'a pod whose container waits': (d) => running(d, { container: containers.waiting, createdAtMs: nowMs - 1_000 }),
  'a pod that runs': (d) => running(d, {}),
  'a pod that somebody deletes': (d) => running(d, { deletionRequested: true, deletionGraceSeconds: 60 }),
  'a pod that ended by itself': (d) => running(d, { container: containers.terminated, phase: 'Failed' }),
  'a dead pod, end recorded, sinks waited for': (d) => ({
    ...running(d, { container: containers.terminated, phase: 'Failed' }),
    sessionEnd: aSessionEnd({ settled: false }),
  }),
  'a dead pod, end recorded and told': (d) => ({
    ...running(d, { container: containers.terminated, phase: 'Failed' }),
    sessionEnd: aSessionEnd(),
  }),
  'a pod that lost its finalizer': (d) => running(d, { hasFinalizer: false }),
  'a run whose pod vanished': (d) => anObserved({ session: aRunningSession(specOf(d)) }),
};

function specOf(desiredState: DesiredState | undefined) {
  return { spec: { engine: 'Baileys' as const, ...(desiredState === undefined ? {} : { desiredState }) } };
}
function running(desiredState: DesiredState | undefined, pod: Partial<ObservedPod>): Observed {
  return anObserved({ session: aRunningSession(specOf(desiredState)), pod: aPod(pod) });
}
const starting = ['Starting', 'PublishTrust', 'ConfirmSession', 'CreateClaim', 'CreatePod'];
const settled = ['Settled'];
const stopping = ['Ending', 'MarkEnding stopped gracefully'];
const killing = ['ForceKilling', 'MarkEnding force_killed', 'DeletePod'];
const recording = (reason: string) => ['RecordingSessionEnd', `CreateSessionEnd ${reason}`];
const releasing = ['ReleasingPod', 'DeletePod', 'RemovePodFinalizer'];

describe('plan() for each desired state and pod condition', () => {
  const expected: Record<string, Record<DesiredState | 'absent', string[]>> = {
    'no pod, never run': { absent: starting, Running: starting, Stopped: settled, Killed: settled },
    'a pod that waits for a node': { absent: settled, Running: settled, Stopped: stopping, Killed: killing },
    'a pod whose container waits': { absent: settled, Running: settled, Stopped: stopping, Killed: killing },
    'a pod that runs': { absent: settled, Running: settled, Stopped: stopping, Killed: killing },
    'a pod that somebody deletes': {
      absent: ['AwaitingTermination'],
      Running: ['AwaitingTermination'],
      Stopped: ['AwaitingTermination'],
      Killed: killing,
    },
    'a pod that ended by itself': {
      absent: recording('crashed'),
      Running: recording('crashed'),
      Stopped: recording('crashed'),
      Killed: recording('crashed'),
    },
    'a dead pod, end recorded, sinks waited for': {
      absent: ['DrainingSinks'],
      Running: ['DrainingSinks'],
      Stopped: ['DrainingSinks'],
      Killed: ['DrainingSinks'],
    },
    'a dead pod, end recorded and told': {
      absent: releasing,
      Running: releasing,
      Stopped: releasing,
      Killed: releasing,
    },
    'a pod that lost its finalizer': {
      absent: ['RestoringFinalizer', 'AddPodFinalizer'],
      Running: ['RestoringFinalizer', 'AddPodFinalizer'],
      Stopped: ['RestoringFinalizer', 'AddPodFinalizer'],
      Killed: ['RestoringFinalizer', 'AddPodFinalizer'],
    },
    'a run whose pod vanished': {
      absent: ['RecordingLostRun', 'CreateSessionEnd unknown'],
      Running: ['RecordingLostRun', 'CreateSessionEnd unknown'],
      Stopped: ['RecordingLostRun', 'CreateSessionEnd unknown'],
      Killed: ['RecordingLostRun', 'CreateSessionEnd unknown'],
    },
  };
  const cases = Object.entries(expected).flatMap(([condition, byState]) =>
    Object.entries(byState).map(([desired, actions]) => ({ condition, desired, actions })),
  );
  test.each(cases)('$condition, desired state $desired: $actions', ({ condition, desired, actions }) => {
    const observed = podConditions[condition]?.(desired === 'absent' ? undefined : (desired as DesiredState));
    expect(observed && words(observed)).toEqual(actions);
  });

  test('covers every pod condition', () => {
    expect(Object.keys(expected)).toEqual(Object.keys(podConditions));
  });
});

describe('plan() at the end of a run', () => {
  const graceful = { reason: 'stopped', since: at(-5), deadline: at(25) } as const;
  const overdue = { reason: 'stopped', since: at(-31), deadline: at(-1) } as const;
  const killed = { reason: 'force_killed', since: at(-1) } as const;
  const ended = { container: containers.terminated };

  test.each([
    { name: 'asks a living pod to stop', ending: graceful, pod: {}, expected: ['AskingPodToStop', 'AskPodToStop'] },
    { name: 'kills after the deadline', ending: overdue, pod: {}, expected: ['KillingPod', 'DeletePod'] },
    { name: 'kills without asking', ending: killed, pod: {}, expected: ['KillingPod', 'DeletePod'] },
    {
      name: 'waits for the kubelet after its own deletion',
      ending: killed,
      pod: { deletionRequested: true, deletionGraceSeconds: 0 },
      expected: ['AwaitingTermination'],
    },
    {
      name: 'shortens the grace of a foreign deletion',
      ending: killed,
      pod: { deletionRequested: true, deletionGraceSeconds: 60 },
      expected: ['AwaitingTermination', 'DeletePod'],
    },
    { name: 'records what was decided', ending: killed, pod: ended, expected: recording('force_killed') },
  ] as const)('$name', ({ ending, pod, expected }) => {
    expect(words(anObserved({ session: aRunningSession({}, ending), pod: aPod(pod) }))).toEqual(expected);
  });

  test('a pod that has not reported yet is killed, because there is nobody to ask', () => {
    const session = aRunningSession({}, graceful);
    const { report: _, ...status } = session.status;
    const observed = anObserved({ session: { ...session, status }, pod: aPod() });
    expect(words(observed)).toEqual(['KillingPod', 'DeletePod']);
  });

  test('a kill in the middle of a graceful stop takes the deadline away and deletes at once', () => {
    const session = aRunningSession({ spec: { engine: 'Baileys', desiredState: 'Killed' } }, graceful);
    expect(words(anObserved({ session, pod: aPod() }))).toEqual(killing);
  });

  test.each([
    { sinceMs: 1_999, expected: ['DrainingSinks'] },
    { sinceMs: 2_000, expected: releasing },
  ])('the drain holds a pod $sinceMs ms after the record: $expected', ({ sinceMs, expected }) => {
    const observed = anObserved({ session: aRunningSession({}, killed), pod: aPod(ended) });
    const sessionEnd = aSessionEnd({ settled: false, createdAtMs: observed.nowMs - sinceMs });
    expect(words({ ...observed, sessionEnd })).toEqual(expected);
  });

  test('a dead pod that somebody deleted with a grace is deleted without: its object would outlive the finalizer', () => {
    const pod = aPod({ ...ended, deletionRequested: true, deletionGraceSeconds: 8 });
    const observed = anObserved({ session: aRunningSession(), pod, sessionEnd: aSessionEnd() });
    expect(words(observed)).toEqual(releasing);
    expect(words({ ...observed, pod: { ...pod, hasFinalizer: false } })).toEqual(['ReleasingPod', 'DeletePod']);
    const gone = { ...pod, hasFinalizer: false, deletionGraceSeconds: 0 };
    expect(words({ ...observed, pod: gone })).toEqual(['AwaitingRemoval']);
  });

  test('a dead pod stays until the status knows its run: else nothing would tell how the run ended', () => {
    const observed = anObserved({ session: aSession(), pod: aPod(ended), sessionEnd: aSessionEnd() });
    expect(words(observed)).toEqual(['NotingRun']);
    expect(words({ ...observed, session: aSession({ uid: 'session-2' }) })).toEqual(releasing);
  });

  test('a pod without node that is being deleted is released: nothing binds it any more', () => {
    const { nodeName: _, ...pod } = aPod({ deletionRequested: true, container: containers.absent });
    expect(words(anObserved({ session: aRunningSession({}, killed), pod }))).toEqual(recording('force_killed'));
  });

  test('a pod with a node is never taken for not started', () => {
    const pod = aPod({ deletionRequested: true, deletionGraceSeconds: 0, container: containers.waiting });
    expect(words(anObserved({ session: aRunningSession({}, killed), pod }))).toEqual(['AwaitingTermination']);
  });
});

describe('plan() for a session that goes', () => {
  const deleted = { deletionRequested: true } as const;
  const claim = {
    namespace: 'shop',
    name: 'alice-data',
    uid: 'claim-1',
    resourceVersion: '5',
    deletionRequested: false,
  };

  test('a living run ends gracefully first', () => {
    const observed = anObserved({ session: aRunningSession(deleted), pod: aPod() });
    expect(words(observed)).toEqual(['Ending', 'MarkEnding deleted gracefully']);
  });
  test('the claim goes before the finalizer, which goes last', () => {
    expect(words(anObserved({ session: aSession(deleted), claim }))).toEqual([
      'Releasing',
      'DeleteClaim',
      'RemoveSessionFinalizer',
    ]);
  });
  test('a claim that shall be retained stays', () => {
    const spec = { engine: 'Baileys', storage: { retention: { whenDeleted: 'Retain' } } } as const;
    expect(words(anObserved({ session: aSession({ ...deleted, spec }), claim }))).toEqual([
      'Releasing',
      'RemoveSessionFinalizer',
    ]);
  });
  test('the finalizer stays as long as a pod is there, whatever the pod is doing', () => {
    for (const container of Object.values(containers)) {
      const observed = anObserved({ session: aRunningSession(deleted), pod: aPod({ container }) });
      expect(words(observed)).not.toContain('RemoveSessionFinalizer');
    }
  });
});

describe('plan() for a pod whose session is not its own', () => {
  const orphan: [string, Partial<Observed>][] = [
    ['the session is gone', {}],
    ['a session of the same name has another uid', { session: aSession({ uid: 'session-2' }) }],
  ];
  test.each(orphan)('%s: it is killed, recorded as deleted and released', (_name, { session }) => {
    const { session: _, ...nobody } = anObserved();
    const observed = (pod: Partial<ObservedPod>, sessionEnd = false): Observed => ({
      ...nobody,
      ...(session === undefined ? {} : { session }),
      pod: aPod(pod),
      ...(sessionEnd ? { sessionEnd: aSessionEnd({ reason: 'deleted' }) } : {}),
    });
    expect(words(observed({}))).toEqual(['KillingForeignPod', 'DeletePod']);
    expect(words(observed({ deletionRequested: true, deletionGraceSeconds: 60 }))).toContain('DeletePod');
    expect(words(observed({ deletionRequested: true, deletionGraceSeconds: 0 }))).toEqual(['AwaitingTermination']);
    expect(words(observed({ container: containers.terminated }))).toEqual(recording('deleted'));
    expect(words(observed({ container: containers.terminated }, true))).toEqual(releasing);
  });
});

describe('plan() for a living pod whose finalizer somebody took off', () => {
  const { session: _, ...nobody } = anObserved();
  const killed = aRunningSession({ spec: { engine: 'Baileys', desiredState: 'Killed' } });
  const restoring = ['RestoringFinalizer', 'AddPodFinalizer'];

  test('gives it back before it deletes the pod: the object would go at once, and the process live on unseen', () => {
    const ending = { reason: 'force_killed', since: at(-1) } as const;
    const pod = aPod({ hasFinalizer: false });
    expect(words(anObserved({ session: aRunningSession({}, ending), pod }))).toEqual(restoring);
    expect(words(anObserved({ session: killed, pod }))).toEqual(restoring);
    expect(words({ ...nobody, pod })).toEqual(restoring);
  });
  test('leaves it to the kubelet where the pod is being deleted: none can be put on then', () => {
    const pod = aPod({ hasFinalizer: false, deletionRequested: true, deletionGraceSeconds: 60 });
    expect(words(anObserved({ session: killed, pod }))).toEqual(['ForceKilling', 'MarkEnding force_killed']);
    expect(words({ ...nobody, pod })).toEqual(['AwaitingTermination']);
  });
});

test('plan() records the present as the time of an end that the kubelet has none for', () => {
  const { finishedAtMs: _, ...container } = containers.terminated;
  const [action] = plan(anObserved({ session: aRunningSession(), pod: aPod({ container }) })).actions;
  expect(action).toMatchObject({ type: 'CreateSessionEnd', spec: { endedAt: at(0) } });
});

describe('plan() before the next run', () => {
  const lastEnd = { runUid: 'run-1', number: 1, reason: 'crashed', at: at(-1), terminationConfirmed: true } as const;

  test('waits for the backoff and says for how long', () => {
    const session = aSession({ status: { lastEnd, recovery: { restarts: 1, nextRestartAt: at(3) } } });
    expect(plan(anObserved({ session }))).toEqual({ reason: 'BackingOff', actions: [], requeueAfterMs: 3_000 });
  });
  test('counts the runs', () => {
    const session = aSession({ status: { lastEnd } });
    const create = plan(anObserved({ session })).actions.find(({ type }) => type === 'CreatePod');
    expect(create?.type === 'CreatePod' && create.pod.metadata.annotations['berth.dev/run-number']).toBe('2');
  });
  test('gives a process whose death nobody confirmed time to end', () => {
    const session = aSession({ status: { lastEnd: { ...lastEnd, terminationConfirmed: false } } });
    expect(plan(anObserved({ session }))).toEqual({ reason: 'BackingOff', actions: [], requeueAfterMs: 14_000 });
  });
  test('does not start while the end before is not closed in the status', () => {
    const observed = anObserved({ session: aRunningSession(), sessionEnd: aSessionEnd() });
    expect(words(observed)).toEqual(['Settled']);
  });
  test('puts the finalizer on a session that has none', () => {
    expect(words(anObserved({ session: aSession({ hasFinalizer: false }) }))).toEqual([
      ...starting,
      'AddSessionFinalizer',
    ]);
  });
  test.each(['replaced', 'banned', 'auth_failure'] as const)('is not started by itself after %s', (reason) => {
    const status = { lastEnd: { ...lastEnd, reason }, recovery: { restarts: 0, held: reason } };
    expect(words(anObserved({ session: aSession({ status }) }))).toEqual(['Settled']);
    const spec = { engine: 'Baileys', restartedAt: at(0) } as const;
    expect(words(anObserved({ session: aSession({ status, spec }) }))).toEqual(starting);
  });
});

describe('plan() for a run that shall make way', () => {
  test('a newer restartedAt restarts it gracefully, once', () => {
    const spec = { engine: 'Baileys', restartedAt: at(-10) } as const;
    const session = aRunningSession({ spec });
    expect(words(anObserved({ session, pod: aPod() }))).toEqual(['Ending', 'MarkEnding restarted gracefully']);
    expect(words(anObserved({ session, pod: aPod({ restartedAt: at(-10) }) }))).toEqual(['Settled']);
  });
  test('changed settings of the pod renew it', () => {
    const spec = { engine: 'Baileys', pod: { nodeSelector: { disk: 'fast' } } } as const;
    const pod = aPod({ specHash: 'another' });
    expect(words(anObserved({ session: aRunningSession({ spec }), pod }))).toEqual([
      'Ending',
      'MarkEnding spec_changed gracefully',
    ]);
  });
});

describe('plan() while Berth is being uninstalled', () => {
  test('ends every run as shutdown, starts none and lets the session go', () => {
    expect(words(anObserved({ draining: true, session: aRunningSession(), pod: aPod() }))).toEqual([
      'Ending',
      'MarkEnding shutdown gracefully',
    ]);
    expect(words(anObserved({ draining: true }))).toEqual(['LettingGo', 'RemoveSessionFinalizer']);
    expect(words(anObserved({ draining: true, session: aSession({ hasFinalizer: false }) }))).toEqual(['Drained']);
  });
});
