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
const { signal } = new AbortController();

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
  const secrets = createWebhookSecrets({ client, log: keptLog() });
  return { missing: (atMs: number) => secrets.missing(session, nowMs + atMs, signal), reads: () => reads };
}

test('missing() names a key that is not there, and looks again in time', async () => {
  const { missing, reads } = secretsAnswering(404, ['other'], ['secret']);
  expect(await missing(0)).toEqual(['hook/secret']);
  expect(await missing(4_999)).toEqual(['hook/secret']);
  expect(reads()).toBe(1);
  expect(await missing(5_000)).toEqual(['hook/secret']);
  expect(await missing(10_000)).toEqual([]);
  expect(await missing(60_000)).toEqual([]);
  expect(reads()).toBe(3);
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
