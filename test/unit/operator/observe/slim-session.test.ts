import { slimPod } from '@berth/operator/observe/slim-pod.ts';
import { slimSession, slimSessionEnd } from '@berth/operator/observe/slim-session.ts';
import { expect, test } from 'vitest';
import { nowMs } from '../../../builders/observed.ts';

const metadata = {
  namespace: 'shop',
  name: 'alice',
  uid: 'one',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01',
};

test.each([
  { what: 'slimSession()', slim: slimSession, rest: { spec: { engine: 'Baileys' } } },
  { what: 'slimPod()', slim: slimPod, rest: {} },
])('$what keeps when the object should have gone, and only where it should', ({ slim, rest }) => {
  const deletionTimestamp = new Date(nowMs).toISOString();
  expect(slim({ metadata: { ...metadata, deletionTimestamp }, ...rest })).toMatchObject({
    deletionRequested: true,
    deletionAtMs: nowMs,
  });
  expect(slim({ metadata, ...rest })).not.toHaveProperty('deletionAtMs');
});

test.each([
  { delivered: 'True', settled: true },
  { delivered: 'False', settled: false },
  { delivered: 'GivenUp', settled: true, isGivenUp: true },
])('slimSessionEnd() tells a record that is $delivered from the others', ({ delivered, ...expected }) => {
  const session = { namespace: 'shop', name: 'alice', uid: 'session-1' };
  const spec = { session, run: { uid: 'run-1' }, sinks: [{ url: 'https://a.example' }], reason: 'crashed' };
  const end = slimSessionEnd({ metadata, spec, status: { delivered } });
  const { settled, isGivenUp } = end;
  expect({ settled, ...(isGivenUp === undefined ? {} : { isGivenUp }) }).toEqual(expected);
});
