import { type Claimant, claimOf, holderOf, ownsClaim } from '@berth/operator/plan/claim-use.ts';
import { expect, test } from 'vitest';
import { aSession } from '../../../builders/observed.ts';

const claimant = (name: string, more: Partial<Claimant> = {}): Claimant => ({
  name,
  uid: `uid-${name}`,
  createdAtMs: 1_000,
  hasRun: false,
  ...more,
});

test.each([
  { name: 'nobody, where nobody names it', claimants: [], holder: undefined },
  { name: 'the only one', claimants: [claimant('bob')], holder: 'bob' },
  { name: 'the older', claimants: [claimant('bob', { createdAtMs: 2_000 }), claimant('zoe')], holder: 'zoe' },
  { name: 'of two made at once, the one with the lesser uid', claimants: [claimant('b'), claimant('a')], holder: 'a' },
  {
    name: 'the one with a run, even where the other seems to be older',
    claimants: [claimant('old'), claimant('young', { createdAtMs: 2_000, hasRun: true })],
    holder: 'young',
  },
  {
    name: 'the older of two with a run',
    claimants: [claimant('young', { createdAtMs: 2_000, hasRun: true }), claimant('old', { hasRun: true })],
    holder: 'old',
  },
])('holderOf() gives the claim to $name, in whatever order they come', ({ claimants, holder }) => {
  expect(holderOf(claimants)?.name).toBe(holder);
  expect(holderOf(claimants.toReversed())?.name).toBe(holder);
});

test.each([
  { name: 'its own', storage: {}, claim: 'alice-data', owns: true },
  { name: 'an existing one', storage: { existingClaim: 'shared' }, claim: 'shared', owns: false },
  {
    name: 'an existing one of its own name',
    storage: { existingClaim: 'alice-data' },
    claim: 'alice-data',
    owns: false,
  },
])('claimOf() and ownsClaim() of a session with $name', ({ storage, claim, owns }) => {
  const session = aSession({ spec: { engine: 'Baileys', storage } });
  expect([claimOf(session), ownsClaim(session)]).toEqual([claim, owns]);
});
