import { createPods } from '@berth/operator/act/pods.ts';
import type { ApiRequest, KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { slimPod } from '@berth/operator/observe/slim-pod.ts';
import type { SessionPodClient } from '@berth/operator/pods/session-pod-client.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { anObserved, aPod, aRunningSession, at } from '../../../builders/observed.ts';
import { keptLog } from '../api/kept-log.ts';

const { signal } = new AbortController();
const ending = { reason: 'stopped', since: at(-1), deadline: at(29) } as const;
const observed = anObserved({ session: aRunningSession({}, ending), pod: aPod() });
const ask = { type: 'AskPodToStop', uid: 'run-1', withinMs: 29_000 } as const;

/** Pods whose answer to a stop the test gives. */
function podsAnswering(answer: Promise<void>) {
  const requests: ApiRequest[] = [];
  const asks: unknown[] = [];
  const client = {
    async request(request: ApiRequest) {
      requests.push(request);
      return {};
    },
  } as unknown as KubernetesClient;
  const sessionPods = {
    askToStop(target: unknown) {
      asks.push(target);
      return answer;
    },
  } as unknown as SessionPodClient;
  const pods = createPods({ client, pods: createSlimCache({ slim: slimPod }), sessionPods, log: keptLog() });
  return { pods, requests, asks };
}

test('askToStop() does not wait for the answer, so that a kill is not kept waiting, and asks once', async () => {
  const never = new Promise<void>(() => undefined);
  const { pods, requests, asks } = podsAnswering(never);
  await pods.askToStop(observed, ask, signal);
  await pods.askToStop(observed, ask, signal);
  expect(asks).toHaveLength(1);
  await pods.remove(observed, 'run-1', signal);
  expect(requests.map(({ method }) => method)).toEqual(['DELETE']);
});

test('askToStop() deletes a pod that does not answer, at once and with grace 0', async () => {
  const { pods, requests } = podsAnswering(Promise.reject(new Error('no answer')));
  await pods.askToStop(observed, ask, signal);
  await expect.poll(() => requests.length).toBe(1);
  expect(requests[0]).toMatchObject({
    method: 'DELETE',
    body: { gracePeriodSeconds: 0, preconditions: { uid: 'run-1' } },
  });
});
