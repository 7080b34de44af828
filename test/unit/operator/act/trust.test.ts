import { createPublishTrust } from '@berth/operator/act/trust.ts';
import type { ApiRequest, KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { ApiError } from '@berth/operator/kubernetes/errors.ts';
import { expect, test } from 'vitest';

test('publishTrust() writes once for sessions that are made together in a new namespace', async () => {
  const requests: string[] = [];
  const client = {
    async request({ method, path }: ApiRequest) {
      requests.push(method);
      await Promise.resolve();
      if (method === 'GET') throw new ApiError({ method, path, status: 404, reason: 'NotFound', message: '' });
      return {};
    },
  } as unknown as KubernetesClient;
  const publishTrust = createPublishTrust({ client, authority: { caPem: 'pem' } });
  const { signal } = new AbortController();
  await Promise.all([publishTrust('shop', signal), publishTrust('shop', signal)]);
  expect(requests).toEqual(['GET', 'POST']);
  await publishTrust('shop', signal);
  expect(requests).toEqual(['GET', 'POST', 'GET', 'POST']);
});

test.each([
  { name: 'leaves the CA alone that is its own', found: { 'ca.crt': 'pem' }, asks: ['GET'] },
  { name: 'puts a CA right that is another', found: { 'ca.crt': 'of an operator before' }, asks: ['GET', 'PATCH'] },
  { name: 'puts a ConfigMap right that somebody has emptied', found: undefined, asks: ['GET', 'PATCH'] },
])('publishTrust() $name', async ({ found, asks }) => {
  const requests: ApiRequest[] = [];
  const client = {
    request(request: ApiRequest) {
      requests.push(request);
      return Promise.resolve({ data: found });
    },
  } as unknown as KubernetesClient;
  await createPublishTrust({ client, authority: { caPem: 'pem' } })('shop', new AbortController().signal);
  expect(requests.map(({ method }) => method)).toEqual(asks);
  for (const { path, body } of requests.slice(1)) {
    expect(path).toBe('/api/v1/namespaces/shop/configmaps/berth-ca');
    expect(body).toMatchObject({ data: { 'ca.crt': 'pem' } });
  }
});
