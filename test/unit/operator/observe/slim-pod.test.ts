import { slimPod } from '@berth/operator/observe/slim-pod.ts';
import { podAnnotation } from '@berth/operator/resource/names.ts';
import { expect, test } from 'vitest';

const metadata = {
  namespace: 'shop',
  name: 'alice',
  uid: 'run-1',
  resourceVersion: '20',
  creationTimestamp: '2026-01-01T12:00:00Z',
};
const withSinks = (sinks: unknown) =>
  slimPod({ metadata: { ...metadata, annotations: { [podAnnotation.sinks]: JSON.stringify(sinks) } } }).sinks;

test('slimPod() takes a termination without a time, as the kubelet reports a container that it does not find', () => {
  const terminated = { exitCode: 137, reason: 'ContainerStatusUnknown', startedAt: null, finishedAt: null };
  const pod = slimPod({
    metadata,
    status: { containerStatuses: [{ name: 'session', state: { terminated } }] },
  });
  expect(pod.container).toMatchObject({ state: 'terminated', exitCode: 137 });
  expect(pod.container).not.toHaveProperty('finishedAtMs');
});

test.each([
  { name: 'no list', sinks: 'x' },
  { name: 'an element of null', sinks: [null] },
  { name: 'a URL that is too long', sinks: [{ url: `https://${'a'.repeat(1024)}` }] },
  { name: 'a key without a name', sinks: [{ url: 'https://a', secretRef: { key: 'k' } }] },
  { name: 'a key of null', sinks: [{ url: 'https://a', secretRef: null }] },
])('slimPod() leaves out a sink that no record could hold: $name', ({ sinks }) => {
  expect(withSinks(sinks)).toEqual([]);
});

test('slimPod() keeps the sinks that a record can hold', () => {
  const sinks = [{ url: 'https://a', secretRef: { name: 'hook', key: 'secret' } }, { url: 'https://b' }];
  expect(withSinks(sinks)).toEqual(sinks);
});
