import { expect, onTestFinished, test } from 'vitest';
import { type DiscoverablePod, startPodDiscovery } from '../../monitoring/pod-discovery.ts';

async function discovered(pods: () => Promise<readonly DiscoverablePod[]>): Promise<Response> {
  const discovery = await startPodDiscovery(pods);
  onTestFinished(() => discovery.close());
  return fetch(discovery.url);
}

test("a pod is told by the labels that Prometheus' own discovery gives it, and only once it has an address", async () => {
  const metadata = { namespace: 'berth-system', name: 'a', annotations: { 'prometheus.io/scrape': 'true' } };
  const answer = await discovered(async () => [
    { metadata, status: { phase: 'Running', podIP: '10.0.0.7' } },
    { metadata: { namespace: 'berth-system', name: 'b' }, status: { phase: 'Pending' } },
  ]);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.json()).toEqual([
    {
      targets: ['10.0.0.7'],
      labels: {
        __meta_kubernetes_namespace: 'berth-system',
        __meta_kubernetes_pod_name: 'a',
        __meta_kubernetes_pod_ip: '10.0.0.7',
        __meta_kubernetes_pod_phase: 'Running',
        __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
      },
    },
  ]);
});

test('a look that fails is no empty list, so that Prometheus keeps what it knew', async () => {
  const answer = await discovered(() => Promise.reject(new Error('no API server')));
  expect(answer.status).toBe(502);
  expect(await answer.text()).toContain('no API server');
});
