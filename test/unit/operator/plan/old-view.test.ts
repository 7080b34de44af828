import { describe, expect, test } from 'vitest';
import { anObserved, aPod, aSession, aSessionEnd, at, containers } from '../../../builders/observed.ts';
import { words } from './plan-words.ts';

describe('plan() on a view of the pod that is older than the status', () => {
  const desired = { spec: { engine: 'Baileys', desiredState: 'Killed' } } as const;
  const lastEnd = { runUid: 'run-1', number: 1, reason: 'stopped', at: at(-1) } as const;

  test('does nothing for a run that the status says is over', () => {
    const session = aSession({ ...desired, status: { lastEnd } });
    expect(words(anObserved({ session, pod: aPod() }))).toEqual(['AwaitingNewerView']);
  });
  test('does nothing for a run whose successor the status knows', () => {
    const session = aSession({ ...desired, status: { lastEnd, run: { uid: 'run-2', number: 2 } } });
    expect(words(anObserved({ session, pod: aPod() }))).toEqual(['AwaitingNewerView']);
    expect(words(anObserved({ session, pod: aPod({ uid: 'run-2', runNumber: 2 }) }))).toEqual([
      'ForceKilling',
      'MarkEnding force_killed',
      'DeletePod',
    ]);
  });
});

describe('plan() for a pod whose run is over by the status', () => {
  const lastEnd = { runUid: 'run-0', number: 1, reason: 'stopped', at: at(-10) } as const;
  const back = {
    session: aSession({ status: { lastEnd }, spec: { engine: 'Baileys', desiredState: 'Killed' } }),
    pod: aPod(),
  };

  test('does nothing on an old view', () => {
    expect(words(anObserved(back))).toEqual(['AwaitingNewerView']);
  });
  test('kills, records and releases it where the API server says that it is there', () => {
    const observed = anObserved({ ...back, podIsRevenant: true });
    expect(words(observed)).toEqual(['KillingForeignPod', 'DeletePod']);
    const dead = { ...observed, pod: aPod({ container: containers.terminated, phase: 'Failed' }) };
    expect(words(dead)).toEqual(['RecordingSessionEnd', 'CreateSessionEnd crashed']);
    expect(words({ ...dead, sessionEnd: aSessionEnd() })).toEqual(['ReleasingPod', 'DeletePod', 'RemovePodFinalizer']);
  });
});
