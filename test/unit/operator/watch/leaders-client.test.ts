import type { ApiRequest, KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { leadersClient, NotLeadingError } from '@berth/operator/watch/leaders-client.ts';
import { expect, test } from 'vitest';

test('leadersClient() lets nobody write who does not lead any more, and everybody read', async () => {
  const requests: string[] = [];
  const client = {
    async request({ method }: ApiRequest) {
      requests.push(method);
    },
  } as unknown as KubernetesClient;
  let leads = true;
  const leaders = leadersClient(client, () => leads);
  await leaders.request({ method: 'POST', path: '/a' });
  leads = false;
  await leaders.request({ method: 'GET', path: '/a' });
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
    await expect(leaders.request({ method, path: '/a' })).rejects.toThrow(NotLeadingError);
  expect(requests).toEqual(['POST', 'GET']);
});
