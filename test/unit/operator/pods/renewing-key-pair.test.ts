import { expect, test } from 'vitest';
import { renewingKeyPair } from '../../../../operator/pods/renewing-key-pair.ts';

const dayMs = 24 * 3600 * 1000;

function anIssuer(nowMs: () => number) {
  let issued = 0;
  return async () => {
    issued++;
    return {
      certPem: `certificate ${issued}`,
      keyPem: `key ${issued}`,
      expiresAtMs: nowMs() + 90 * dayMs,
      renewAtMs: nowMs() + 60 * dayMs,
    };
  };
}

test('renewingKeyPair() issues once for callers at once, and again a month before the end', async () => {
  let now = 0;
  const nowMs = () => now;
  const keyPair = renewingKeyPair({ issue: anIssuer(nowMs), nowMs });
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
  const keyPair = renewingKeyPair({
    issue: () => (fails ? Promise.reject(new Error('no randomness')) : issue()),
    nowMs: () => 0,
  });
  await expect(keyPair()).rejects.toThrow('no randomness');
  fails = false;
  expect((await keyPair()).certPem).toBe('certificate 1');
});

test('renewingKeyPair() issues again at once when the issuer is another, also in the middle of an issuing', async () => {
  let issuer = 'old';
  const begun: PromiseWithResolvers<void>[] = [];
  const keyPair = renewingKeyPair({
    async issue() {
      const by = issuer;
      begun.push(Promise.withResolvers());
      await begun.at(-1)?.promise;
      return { certPem: by, keyPem: by, expiresAtMs: 2, renewAtMs: 1 };
    },
    issuer: () => issuer,
    nowMs: () => 0,
  });
  const first = keyPair();
  issuer = 'new';
  const second = keyPair();
  expect(begun).toHaveLength(2);
  begun[1]?.resolve();
  expect((await second).certPem).toBe('new');
  begun[0]?.resolve();
  expect((await first).certPem).toBe('old');
  expect((await keyPair()).certPem).toBe('new');
  expect(begun).toHaveLength(2);
});
