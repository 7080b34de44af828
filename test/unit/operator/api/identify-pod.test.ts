import { expect, test } from 'vitest';
import { createIdentifyPod } from '../../../../operator/api/identify-pod.ts';
import { TokenReviewError } from '../../../../operator/api/review-token.ts';
import type { ApiRequest } from '../../../../operator/kubernetes/client.ts';

const extra = {
  'authentication.kubernetes.io/pod-name': ['alice'],
  'authentication.kubernetes.io/pod-uid': ['run-1'],
};
const good = {
  authenticated: true,
  audiences: ['berth-operator'],
  user: { username: 'system:serviceaccount:shop:default', extra },
};

function answering(status: unknown) {
  const bodies: unknown[] = [];
  const client = {
    async request<T>({ body }: ApiRequest): Promise<T> {
      bodies.push(body);
      return { status } as T;
    },
  };
  return { bodies, identify: createIdentifyPod({ client }) };
}

test('identifyPod() asks for our audience alone, and once for a token that was accepted', async () => {
  const { identify, bodies } = answering(good);
  const identity = { namespace: 'shop', serviceAccount: 'default', podName: 'alice', podUid: 'run-1' };
  expect(await identify('token')).toEqual(identity);
  expect(await identify('token')).toEqual(identity);
  expect(bodies).toMatchObject([{ spec: { token: 'token', audiences: ['berth-operator'] } }]);
});

test.each([
  ['a refused token', { authenticated: false, error: '[invalid bearer token, token has expired]' }],
  ['no word', {}],
  ['another audience', { ...good, audiences: ['api'] }],
  ['no audience', { ...good, audiences: undefined }],
  ["a person's token", { ...good, user: { username: 'ada', extra } }],
  ['a token bound to no pod', { ...good, user: { username: good.user.username } }],
])('identifyPod() takes %s for unauthenticated, and asks again the next time', async (_name, status) => {
  const { identify, bodies } = answering(status);
  expect(await identify('token')).toBe('unauthenticated');
  await identify('token');
  expect(bodies).toHaveLength(2);
});

test.each(['', 'x'.repeat(10_000)])('identifyPod() sends no impossible token on', async (token) => {
  const { identify, bodies } = answering(good);
  expect(await identify(token)).toBe('unauthenticated');
  expect(bodies).toEqual([]);
});

test.each([
  'etcdserver: request timed out',
  'the server is currently unable to handle the request (get pods alice)',
  'Too many requests, please try again later',
  'Get "https://[::1]:6443/api/v1/namespaces/shop/pods/alice": EOF',
])('identifyPod() does not take trouble of the store for a refusal: %s', async (trouble) => {
  const { identify } = answering({ authenticated: false, error: `[invalid bearer token, ${trouble}]` });
  await expect(identify('token')).rejects.toThrow(TokenReviewError);
});
