import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { ApiError } from '@berth/operator/kubernetes/errors.ts';
import { createWebhookSecrets } from '@berth/operator/observe/webhook-secrets.ts';
import { expect, test } from 'vitest';
import { aSession, nowMs } from '../../../builders/observed.ts';
import { keptLog } from '../api/kept-log.ts';

const secretRef = { name: 'hook', key: 'secret' };
const session = aSession({
  spec: { engine: 'Baileys', webhooks: [{ url: 'https://a', events: ['session_end'], secretRef }] },
});

/** Answers each read with the next of `answers`: a status, or the names of the keys. */
function secretsAnswering(...answers: (number | string[])[]) {
  let reads = 0;
  const client = {
    async request({ method, path }: { method: 'GET'; path: string }) {
      const answer = answers[reads++];
      if (Array.isArray(answer)) return { data: Object.fromEntries(answer.map((key) => [key, 'x'])) };
      throw new ApiError({ method, path, status: answer ?? 0, reason: '', message: '' });
    },
  } as unknown as KubernetesClient;
  const changes: string[] = [];
  const secrets = createWebhookSecrets({ client, onChange: (key) => changes.push(key), log: keptLog() });
  /** What is known after the look that this asking began, if it began one. */
  const missing = async (atMs: number) => {
    secrets.missing(session, nowMs + atMs);
    await new Promise(setImmediate);
    return secrets.missing(session, nowMs + atMs);
  };
  return { secrets, missing, changes, reads: () => reads };
}

test('missing() names a key that is not there, looks again in time, and tells of each change', async () => {
  const { missing, changes, reads } = secretsAnswering(404, ['other'], ['secret']);
  expect(await missing(0)).toEqual(['hook/secret']);
  expect(await missing(4_999)).toEqual(['hook/secret']);
  expect(reads()).toBe(1);
  expect(await missing(5_000)).toEqual(['hook/secret']);
  expect(changes).toEqual(['shop/alice']);
  expect(await missing(10_000)).toEqual([]);
  expect(changes).toEqual(['shop/alice', 'shop/alice']);
  expect(await missing(60_000)).toEqual([]);
  expect(reads()).toBe(3);
});

test('missing() answers at once with what is known, while a look is under way', async () => {
  const { secrets, reads } = secretsAnswering(404);
  expect(secrets.missing(session, nowMs)).toEqual([]);
  expect(secrets.missing(session, nowMs)).toEqual([]);
  await new Promise(setImmediate);
  expect(reads()).toBe(1);
});

test('missing() does not fail when Secrets cannot be read, so that a kill goes on, and asks again in time', async () => {
  const { missing, reads } = secretsAnswering(500, 404, 500);
  expect(await missing(0)).toEqual([]);
  expect(await missing(1_000)).toEqual([]);
  expect(reads()).toBe(1);
  expect(await missing(5_000)).toEqual(['hook/secret']);
  expect(await missing(10_000)).toEqual(['hook/secret']);
  expect(reads()).toBe(3);
});

test('forget() leaves nothing behind, also of a look that is under way', async () => {
  const { secrets, changes } = secretsAnswering(404);
  secrets.missing(session, nowMs);
  secrets.forget(session.uid);
  await new Promise(setImmediate);
  expect(changes).toEqual([]);
});
