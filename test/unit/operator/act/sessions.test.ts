import { createSessions } from '@berth/operator/act/sessions.ts';
import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { isConflict } from '@berth/operator/kubernetes/errors.ts';
import { slimSession } from '@berth/operator/observe/slim-session.ts';
import { createStatusWriter } from '@berth/operator/publish/status.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { anObserved, aSession, at } from '../../../builders/observed.ts';

const { signal } = new AbortController();
const lastEnd = { runUid: 'run-1', number: 1, reason: 'unknown', at: at(-1), terminationConfirmed: false };
const looked = anObserved({ session: aSession() });

/** The session as the API server has it. */
const stored = (metadata: object, status: object = {}) => ({
  metadata: { namespace: 'shop', name: 'alice', uid: 'session-1', resourceVersion: '11', generation: 1, ...metadata },
  spec: { engine: 'Baileys' },
  status,
});

function sessionsWith(raw: object) {
  const client = { request: async () => raw } as unknown as KubernetesClient;
  const cache = createSlimCache({ slim: slimSession });
  return {
    cache,
    sessions: createSessions({ client, sessions: cache, status: createStatusWriter({ client, sessions: cache }) }),
  };
}

test('confirm() is content with a session that is as it was, but for the finalizers', async () => {
  const { sessions } = sessionsWith(stored({ finalizers: ['berth.dev/teardown'] }));
  await expect(sessions.confirm(looked, signal)).resolves.toBeUndefined();
});

test.each([
  ['was stopped since', stored({ generation: 2 })],
  ['is being deleted', stored({ deletionTimestamp: at(0) })],
  ['is another one of that name', stored({ uid: 'session-2' })],
  ['has had a run that ended', stored({}, { lastEnd })],
])('confirm() refuses a session that %s as a conflict, and takes in what it is', async (_name, raw) => {
  const { cache, sessions } = sessionsWith(raw);
  await expect(sessions.confirm(looked, signal)).rejects.toSatisfy(isConflict);
  expect(cache.get('shop/alice')).toEqual(slimSession(raw));
});
