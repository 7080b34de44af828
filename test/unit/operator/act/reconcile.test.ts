import { setImmediate as nextTurn } from 'node:timers/promises';
import { createReconcile } from '@berth/operator/act/reconcile.ts';
import { ApiError } from '@berth/operator/kubernetes/errors.ts';
import { expect, test } from 'vitest';
import { anObserved, aSession } from '../../../builders/observed.ts';
import { keptLog } from '../api/kept-log.ts';

/** A start of a new session, each action of which ends as it is told, or waits for `release`. */
function aStart(outcomes: Readonly<Record<string, Error | Promise<void>>> = {}) {
  const begun: string[] = [];
  const told: (string | undefined)[] = [];
  const reconcile = createReconcile({
    observe: () => Promise.resolve(anObserved({ session: aSession({ hasFinalizer: false }) })),
    async perform({ type }) {
      begun.push(type);
      const outcome = outcomes[type];
      if (outcome instanceof Error) throw outcome;
      await outcome;
    },
    status: {
      publish: (_observed, _signal, failure) => Promise.resolve(void told.push(failure)),
      write: () => Promise.reject(new Error('nothing is written here')),
    },
    tell: () => undefined,
    pacings: [],
    log: keptLog(),
  });
  return { begun, told, done: reconcile('shop/alice', new AbortController().signal) };
}

const conflict = new ApiError({ method: 'GET', path: '/x', status: 409, reason: 'Conflict', message: 'changed' });

test('reconcile() makes no pod for a session that has changed since it was looked at', async () => {
  const { begun, done } = aStart({ ConfirmSession: conflict });
  expect(await done).toEqual({ conflict: true });
  expect(begun).toEqual(['ConfirmSession', 'CreateClaim']);
});

test('reconcile() makes the pod only once its claim is there', async () => {
  const claim = Promise.withResolvers<void>();
  const { begun, done } = aStart({ CreateClaim: claim.promise });
  await nextTurn();
  expect(begun).not.toContain('CreatePod');
  claim.resolve();
  await done;
  expect(begun).toContain('CreatePod');
});

test("reconcile() makes the pod while the session's finalizer is still on its way", async () => {
  const finalizer = Promise.withResolvers<void>();
  const { begun, done, told } = aStart({ AddSessionFinalizer: finalizer.promise });
  await nextTurn();
  expect(begun).toContain('CreatePod');
  expect(told).toEqual([]); // The look is not over before it is there.
  finalizer.resolve();
  await done;
  expect(told).toEqual([undefined]);
});

test('reconcile() tells of a finalizer that could not be put on, although the pod was made', async () => {
  const { begun, done, told } = aStart({ AddSessionFinalizer: new Error('no right to patch sessions') });
  await expect(done).rejects.toThrow('no right to patch sessions');
  expect(begun).toContain('CreatePod');
  expect(told).toEqual(['no right to patch sessions']);
});
