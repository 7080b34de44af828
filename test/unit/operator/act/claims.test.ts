import { createClaims } from '@berth/operator/act/claims.ts';
import type { ApiRequest, KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { ApiError, isConflict } from '@berth/operator/kubernetes/errors.ts';
import type { ClaimHolders } from '@berth/operator/observe/claim-holders.ts';
import type { ObservedClaim } from '@berth/operator/plan/observed.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { anObserved, aSession } from '../../../builders/observed.ts';

const { signal } = new AbortController();
const observed = (name: string) =>
  anObserved({ session: aSession({ name, spec: { engine: 'Baileys', storage: { existingClaim: 'shared' } } }) });

/** @param pods what the API server holds: the claims that pods mount, by the pod's name */
function withPods(pods: Readonly<Record<string, string>>, holders: Partial<ClaimHolders> = {}) {
  const asked: string[] = [];
  const client = {
    async request({ method, path }: ApiRequest) {
      await Promise.resolve();
      const name = path.split('/').at(-1) ?? '';
      asked.push(name);
      const claimName = pods[name];
      if (claimName === undefined) throw new ApiError({ method, path, status: 404, reason: 'NotFound', message: '' });
      return { metadata: { name }, spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] } };
    },
  } as unknown as KubernetesClient;
  const claims = createSlimCache<ObservedClaim>({ slim: (raw) => raw as unknown as ObservedClaim });
  const claimHolders: ClaimHolders = { holderBeside: () => undefined, rivals: () => [], ...holders };
  return { asked, claims: createClaims({ client, claims, claimHolders }) };
}

test('startOn() lets one of two sessions start that are worked on side by side, and the other look again', async () => {
  const { claims } = withPods({});
  const started: string[] = [];
  const start = (name: string) =>
    claims.startOn(observed(name), signal, async () => {
      await Promise.resolve();
      started.push(name);
    });
  const [first, second] = await Promise.allSettled([start('alice'), start('bob')]);
  expect(started).toEqual(['alice']);
  expect(first.status).toBe('fulfilled');
  expect(second.status === 'rejected' && isConflict(second.reason)).toBe(true);
  await start('bob'); // Nothing is left of the first attempt.
  expect(started).toEqual(['alice', 'bob']);
});

test.each([
  { name: 'the claim went to another one meanwhile', holders: { holderBeside: () => 'bob' }, pods: {}, starts: false },
  {
    name: 'a rival has a pod that no watch has shown',
    holders: { rivals: () => ['bob'] },
    pods: { bob: 'shared' },
    starts: false,
  },
  {
    name: 'the pod of a rival mounts another claim',
    holders: { rivals: () => ['bob'] },
    pods: { bob: 'bob-data' },
    starts: true,
  },
  { name: 'its rivals have no pod', holders: { rivals: () => ['bob', 'eve'] }, pods: {}, starts: true },
])('startOn() starts or looks again, as the cluster is: $name', async ({ holders, pods, starts }) => {
  const { claims } = withPods(pods, holders);
  let started = false;
  const outcome = await claims
    .startOn(observed('alice'), signal, async () => {
      started = true;
    })
    .then(() => 'started', isConflict);
  expect([started, outcome]).toEqual([starts, starts ? 'started' : true]);
});

test('startOn() asks the API server nothing about a claim that no other session names', async () => {
  const { claims, asked } = withPods({});
  await claims.startOn(observed('alice'), signal, async () => undefined);
  expect(asked).toEqual([]);
});
