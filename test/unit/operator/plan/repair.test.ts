import { plan } from '@berth/operator/plan/plan.ts';
import { describe, expect, test } from 'vitest';
import {
  anObserved,
  anUnboundPod,
  aPod,
  aRunningSession,
  aSession,
  containers,
  nowMs,
} from '../../../builders/observed.ts';
import { words } from './plan-words.ts';

const settled = ['Settled'];

describe('plan() for a session whose finalizer was taken off', () => {
  const claim = {
    namespace: 'shop',
    name: 'alice-data',
    uid: 'claim-1',
    resourceVersion: '5',
    deletionRequested: false,
  };
  const restoring = ['RestoringFinalizer', 'AddSessionFinalizer'];
  const bare = { hasFinalizer: false } as const;

  test('puts it back while there is a run or a claim to end', () => {
    expect(words(anObserved({ session: aRunningSession(bare), pod: aPod() }))).toEqual(restoring);
    const spec = { engine: 'Baileys', desiredState: 'Stopped' } as const;
    expect(words(anObserved({ session: aSession({ ...bare, spec }), claim }))).toEqual(restoring);
    expect(words(anObserved({ session: aSession({ ...bare, spec }) }))).toEqual(settled);
  });
  test('leaves it off one that is being deleted', () => {
    const session = aSession({ ...bare, deletionRequested: true });
    expect(words(anObserved({ session, claim }))).toEqual(['AwaitingRemoval']);
  });
});

describe('plan() for a pod that finds no node', () => {
  const unschedulable = 'persistentvolumeclaim "alice-data" not found';
  const waiting = { session: aRunningSession(), pod: anUnboundPod({ unschedulable }) };

  test('makes the claim that was not made together with it', () => {
    expect(words(anObserved(waiting))).toEqual(['RestoringClaim', 'CreateClaim']);
  });
  test('leaves the claim that is there as it is', () => {
    const claim = {
      namespace: 'shop',
      name: 'alice-data',
      uid: 'claim-1',
      resourceVersion: '5',
      deletionRequested: false,
    };
    expect(words(anObserved({ ...waiting, claim }))).toEqual(settled);
  });
});

describe('plan() for a pod with a node whose container does not start', () => {
  const waiting = (createdAtMs: number) =>
    anObserved({ session: aRunningSession(), pod: aPod({ container: containers.waiting, createdAtMs }) });

  test('looks after 5 s whether it waits for the CA', () => {
    expect(plan(waiting(nowMs - 2_000))).toEqual({ reason: 'Settled', actions: [], requeueAfterMs: 3_000 });
    expect(words(waiting(nowMs - 5_000))).toEqual(['RestoringTrust', 'PublishTrust']);
  });
});
