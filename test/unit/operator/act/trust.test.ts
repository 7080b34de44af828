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
  const publishTrust = createPublishTrust({ client, caPem: 'pem' });
  const { signal } = new AbortController();
  await Promise.all([publishTrust('shop', signal), publishTrust('shop', signal)]);
  expect(requests).toEqual(['GET', 'POST']);
  await publishTrust('shop', signal);
  expect(requests).toEqual(['GET', 'POST', 'GET', 'POST']);
});
