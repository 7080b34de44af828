import { expect, test } from 'vitest';
import { resourceOfPath } from '../../../../operator/kubernetes/resource-of-path.ts';

test.each([
  { path: '/api/v1/pods', resource: 'pods' },
  { path: '/api/v1/namespaces/a/pods/b', resource: 'pods' },
  { path: '/api/v1/namespaces/a/pods/b/status', resource: 'pods/status' },
  { path: '/api/v1/namespaces/a', resource: 'namespaces' },
  { path: '/api/v1/nodes/n', resource: 'nodes' },
  { path: '/apis/berth.dev/v1alpha1/whatsappsessions', resource: 'whatsappsessions' },
  { path: '/apis/berth.dev/v1alpha1/namespaces/a/whatsappsessions/b/status', resource: 'whatsappsessions/status' },
  { path: '/apis/authentication.k8s.io/v1/tokenreviews', resource: 'tokenreviews' },
  { path: '/readyz', resource: 'other' },
  { path: '/api/v1', resource: 'other' },
])('resourceOfPath() of "$path" is "$resource"', ({ path, resource }) => {
  expect(resourceOfPath(path)).toBe(resource);
});
