import { indexClaimHolders } from '@berth/operator/observe/claim-holders.ts';
import type { ObservedPod, ObservedSession } from '@berth/operator/plan/observed.ts';
import { type Cached, createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { aPod, aSession } from '../../../builders/observed.ts';

const asRaw = (object: object) => object as Record<string, unknown>;
const cacheOf = <T extends Cached>() => createSlimCache<T>({ slim: (raw) => raw as unknown as T });

function anIndex() {
  const [sessions, pods] = [cacheOf<ObservedSession>(), cacheOf<ObservedPod>()];
  const told: string[] = [];
  const index = indexClaimHolders({ sessions, pods }, (key) => told.push(key));
  return { sessions, pods, index, told };
}
let version = 100;
const session = (name: string, createdAtMs: number, existingClaim?: string, more: Partial<ObservedSession> = {}) =>
  aSession({
    name,
    uid: `session-${name}`,
    resourceVersion: String(++version),
    createdAtMs,
    spec: { engine: 'Baileys', ...(existingClaim === undefined ? {} : { storage: { existingClaim } }) },
    ...more,
  });
const pod = (name: string, claim: string) =>
  aPod({ name, uid: `run-${name}`, sessionUid: `session-${name}`, claim, resourceVersion: String(++version) });

test('a claim that one session alone names has that holder, and tells nobody', () => {
  const { sessions, pods, index, told } = anIndex();
  const alice = session('alice', 1_000);
  sessions.apply('ADDED', asRaw(alice));
  pods.apply('ADDED', asRaw(pod('alice', 'alice-data')));
  sessions.apply('ADDED', asRaw(session('bob', 1_000)));
  sessions.apply('ADDED', asRaw(session('alice', 1, undefined, { namespace: 'other' })));
  expect(index.holderBeside(alice)).toBeUndefined();
  expect(index.rivals(alice)).toEqual([]);
  expect(told).toEqual([]);
});

test("the older has the claim that the younger names, also where it is the older's own", () => {
  const { sessions, index, told } = anIndex();
  const [bob, alice] = [session('bob', 2_000, 'alice-data'), session('alice', 1_000)];
  for (const each of [bob, alice]) sessions.apply('ADDED', asRaw(each));
  expect(index.holderBeside(bob)).toBe('alice');
  expect(index.holderBeside(alice)).toBeUndefined();
  expect([index.rivals(alice), index.rivals(bob)]).toEqual([['bob'], ['alice']]);
  expect(told.toSorted()).toEqual(['shop/alice', 'shop/bob']); // It was bob's until alice was seen.
});

test('a holder that is gone, with its pod, tells the one that waits', () => {
  const { sessions, pods, index, told } = anIndex();
  const [alice, bob] = [session('alice', 1_000), session('bob', 2_000, 'alice-data')];
  const run = pod('alice', 'alice-data');
  for (const each of [alice, bob]) sessions.apply('ADDED', asRaw(each));
  pods.apply('ADDED', asRaw(run));
  sessions.apply('DELETED', asRaw(alice)); // By force: its pod is still there.
  expect(index.holderBeside(bob)).toBe('alice');
  expect(told).toEqual([]);
  pods.apply('DELETED', asRaw(run));
  expect(index.holderBeside(bob)).toBeUndefined();
  expect(index.rivals(bob)).toEqual([]);
  expect(told).toEqual(['shop/bob']);
});

test('a session that seems to be older does not take the claim from a run', () => {
  const { sessions, pods, index } = anIndex();
  const [early, late] = [session('early', 1_000, 'shared'), session('late', 2_000, 'shared')];
  sessions.apply('ADDED', asRaw(late));
  pods.apply('ADDED', asRaw(pod('late', 'shared')));
  sessions.apply('ADDED', asRaw(early));
  expect(index.holderBeside(early)).toBe('late');
  expect(index.holderBeside(late)).toBeUndefined();
});

test('a session that was made again under its name, with another claim, lets the first one go', () => {
  const { sessions, index, told } = anIndex();
  const bob = session('bob', 2_000, 'shared');
  sessions.apply('ADDED', asRaw(session('alice', 1_000, 'shared')));
  sessions.apply('ADDED', asRaw(bob));
  sessions.apply('ADDED', asRaw(session('alice', 3_000, undefined, { uid: 'session-alice-2' })));
  expect(index.holderBeside(bob)).toBeUndefined();
  expect(told).toEqual(['shop/bob']);
});

test('a pod with our label that belongs to no session holds nothing', () => {
  const { sessions, pods, index } = anIndex();
  const bob = session('bob', 2_000, 'shared');
  const { sessionUid: _, ...nobodys } = pod('alice', 'shared');
  pods.apply('ADDED', asRaw(nobodys));
  sessions.apply('ADDED', asRaw(bob));
  expect(index.holderBeside(bob)).toBeUndefined();
});
