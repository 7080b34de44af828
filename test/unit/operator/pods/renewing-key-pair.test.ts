import { expect, test } from 'vitest';
import { renewingKeyPair } from '../../../../operator/pods/renewing-key-pair.ts';

const dayMs = 24 * 3600 * 1000;

function anIssuer(nowMs: () => number) {
  let issued = 0;
  return async () => {
    issued++;
    return { certPem: `certificate ${issued}`, keyPem: `key ${issued}`, expiresAtMs: nowMs() + 90 * dayMs };
  };
}

test('renewingKeyPair() issues once for callers at once, and again a month before the end', async () => {
  let now = 0;
  const keyPair = renewingKeyPair(
    anIssuer(() => now),
    () => now,
  );
  const [one, two] = await Promise.all([keyPair(), keyPair()]);
  expect(one).toBe(two);
  now = 59 * dayMs;
  expect((await keyPair()).certPem).toBe('certificate 1');
  now = 61 * dayMs;
  expect((await keyPair()).certPem).toBe('certificate 2');
});

test('renewingKeyPair() tries again after a failure', async () => {
  const issue = anIssuer(() => 0);
  let fails = true;
  const keyPair = renewingKeyPair(
    () => (fails ? Promise.reject(new Error('no randomness')) : issue()),
    () => 0,
  );
  await expect(keyPair()).rejects.toThrow('no randomness');
  fails = false;
  expect((await keyPair()).certPem).toBe('certificate 1');
});
