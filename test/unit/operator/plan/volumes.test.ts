import type { ObservedClaim } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { specHash } from '@berth/operator/plan/spec-hash.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';
import {
  anObserved,
  aPod,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  containers,
  nowMs,
} from '../../../builders/observed.ts';

type Storage = NonNullable<WhatsAppSessionSpec['storage']>;
const spec = (storage: Storage): WhatsAppSessionSpec => ({ engine: 'Baileys', storage });
const ownClaim = (more: Partial<ObservedClaim> = {}): ObservedClaim => ({
  namespace: 'shop',
  name: 'alice-data',
  uid: 'claim-1',
  resourceVersion: '1',
  deletionRequested: false,
  ...more,
});
const types = (observed: Parameters<typeof plan>[0]) => plan(observed).actions.map(({ type }) => type);

test.each([
  { name: 'a claim of another name', existingClaim: 'shared', claim: undefined },
  { name: 'one of its own name', existingClaim: 'alice-data', claim: undefined },
  { name: 'one of its own name that carries our label', existingClaim: 'alice-data', claim: ownClaim() },
  { name: 'another one while its old one goes', existingClaim: 'shared', claim: ownClaim({ deletionRequested: true }) },
])('plan() starts on an existing claim, and makes none: $name', ({ existingClaim, claim }) => {
  const session = aSession({ spec: spec({ existingClaim }) });
  const { actions } = plan(anObserved({ session, ...(claim && { claim }) }));
  expect(actions.map(({ type }) => type)).toEqual(['PublishTrust', 'ConfirmSession', 'CreatePod']);
  const pod = actions.flatMap((action) => (action.type === 'CreatePod' ? [action.pod] : []))[0];
  expect(pod?.spec.volumes[0]).toEqual({ name: 'data', persistentVolumeClaim: { claimName: existingClaim } });
});

test('plan() makes no claim for a pod that waits for an existing one', () => {
  const { nodeName: _, ...pod } = aPod({ container: containers.absent, unschedulable: '"shared" not found' });
  const session = aRunningSession({ spec: spec({ existingClaim: 'shared' }) });
  expect(types(anObserved({ session, pod }))).toEqual([]);
});

test.each([
  { name: 'with the session', storage: {}, shared: false, deletes: true },
  {
    name: 'with the session, where Delete is written out',
    storage: { retention: { whenDeleted: 'Delete' } },
    shared: false,
    deletes: true,
  },
  {
    name: 'never, where it is to be retained',
    storage: { retention: { whenDeleted: 'Retain' } },
    shared: false,
    deletes: false,
  },
  {
    name: 'never, where it was named as an existing one',
    storage: { existingClaim: 'alice-data' },
    shared: false,
    deletes: false,
  },
  { name: 'never, while another session names it', storage: {}, shared: true, deletes: false },
] as const)('plan() removes a claim $name', ({ storage, shared, deletes }) => {
  const session = aSession({ deletionRequested: true, spec: spec(storage) });
  const observed = anObserved({ session, claim: ownClaim(), claimIsShared: shared });
  const release = { type: 'RemoveSessionFinalizer' };
  expect(plan(observed).actions).toEqual(deletes ? [{ type: 'DeleteClaim', uid: 'claim-1' }, release] : [release]);
});

test.each([
  { name: 'of a run that vanished', status: { run: { uid: 'run-1', number: 1 } } },
  {
    name: 'of the run before',
    status: { lastEnd: { runUid: 'run-1', reason: 'unknown', at: at(-1), terminationConfirmed: false } },
  },
] as const)(
  'plan() lets no session go whose claim another one waits for until an unconfirmed process must be dead: $name',
  ({ status }) => {
    const session = aSession({ deletionRequested: true, status });
    const sessionEnd = aSessionEnd({ endedAt: at(-1), terminationConfirmed: false });
    const observed = anObserved({ session, sessionEnd, claimIsShared: true });
    expect(plan(observed)).toEqual({ reason: 'AwaitingDeath', actions: [], requeueAfterMs: 14_000 });
    const release = { reason: 'Releasing', actions: [{ type: 'RemoveSessionFinalizer' }] };
    expect(plan({ ...observed, nowMs: nowMs + 14_000 })).toEqual(release);
    expect(plan({ ...observed, claimIsShared: false })).toEqual(release); // Nobody is waiting.
  },
);

test("plan() puts a session's labels and annotations on its pod, and never in the place of Berth's own", () => {
  const metadata = {
    labels: { team: 'sales', 'app.kubernetes.io/managed-by': 'helm' }, // As no schema lets it in any more.
    annotations: { note: 'a', 'berth.dev/session-uid': 'another' },
  };
  const { actions } = plan(anObserved({ session: aSession({ spec: { engine: 'Baileys', pod: metadata } }) }));
  const pod = actions.flatMap((action) => (action.type === 'CreatePod' ? [action.pod] : []))[0];
  expect(pod?.metadata.labels).toMatchObject({ team: 'sales', 'app.kubernetes.io/managed-by': 'berth' });
  expect(pod?.metadata.annotations).toMatchObject({ note: 'a', 'berth.dev/session-uid': 'session-1' });
});

test.each([
  { labels: { team: 'sales' } },
  { annotations: { note: 'a' } },
  { priorityClassName: 'gold' },
  { runtimeClassName: 'gvisor' },
])('a change of spec.pod renews the run: %o', (pod) => {
  const session = aRunningSession({ spec: { engine: 'Baileys', pod } });
  const observed = anObserved({ session, pod: aPod({ specHash: specHash({ engine: 'Baileys' }) }) });
  expect(plan(observed).actions).toMatchObject([{ type: 'MarkEnding', reason: 'spec_changed' }]);
});
