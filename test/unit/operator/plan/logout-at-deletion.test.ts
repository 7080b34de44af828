import { endOfRun } from '@berth/operator/plan/end-of-run.ts';
import { podManifest } from '@berth/operator/plan/manifests.ts';
import type { Observed } from '@berth/operator/plan/observed.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';
import { anObserved, aPod, aRunningSession, at, planConfig } from '../../../builders/observed.ts';

type Storage = WhatsAppSessionSpec['storage'];
const ending = (reason: 'deleted' | 'stopped') => ({ reason, since: at(-5), deadline: at(25) }) as const;

interface Case {
  readonly name: string;
  readonly storage?: Storage;
  readonly reason?: 'deleted' | 'stopped';
  readonly deletionRequested?: boolean;
  readonly observed?: Partial<Observed>;
  readonly logout?: true;
}

test.each<Case>([
  { name: 'logs out of a session whose credentials go with it', logout: true },
  { name: 'logs out where that is said', storage: { retention: { whenDeleted: 'Delete' } }, logout: true },
  { name: 'keeps the device of a session whose claim is kept', storage: { retention: { whenDeleted: 'Retain' } } },
  { name: 'keeps the device of a session on a claim of its own', storage: { existingClaim: 'mine' } },
  { name: 'keeps the device of a claim that others name', observed: { claimIsShared: true } },
  { name: 'keeps the device of a session that is only stopped', reason: 'stopped', deletionRequested: false },
  { name: 'keeps the device when the run was ended for another reason before', reason: 'stopped' },
])('endOfRun() $name', ({ storage, reason = 'deleted', deletionRequested = true, observed, logout }) => {
  const spec = { engine: 'Baileys', ...(storage === undefined ? {} : { storage }) } as const;
  const session = aRunningSession({ spec, deletionRequested }, ending(reason));
  expect(endOfRun(anObserved({ session, pod: aPod(), ...observed }))?.actions).toEqual([
    { type: 'AskPodToStop', uid: 'run-1', withinMs: 25_000, ...(logout ? { logout } : {}) },
  ]);
});

test('podManifest() tells the pod over which time it counts lost connections, where the spec does', () => {
  const windowOf = (spec: WhatsAppSessionSpec) =>
    podManifest(aRunningSession({ spec }), planConfig).spec.containers[0].env.find(
      ({ name }) => name === 'BERTH_RECONNECT_WINDOW_SECONDS',
    );
  expect(windowOf({ engine: 'Baileys' })).toBeUndefined();
  expect(windowOf({ engine: 'Baileys', recovery: { reconnects: { windowSeconds: 60 } } })).toMatchObject({
    value: '60',
  });
});
