import { indexSessionEnds } from '@berth/operator/observe/session-ends.ts';
import type { ObservedSessionEnd } from '@berth/operator/plan/observed.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { aSessionEnd } from '../../../builders/observed.ts';

const asRaw = (end: ObservedSessionEnd) => end as unknown as Record<string, unknown>;

test.each(['the copy', 'the first'] as const)('ofRun() finds a record that was moved when %s was seen last', (last) => {
  const ends = createSlimCache<ObservedSessionEnd>({ slim: (raw) => raw as unknown as ObservedSessionEnd });
  const index = indexSessionEnds(ends);
  const first = aSessionEnd({ settled: false });
  const copy = { ...first, namespace: 'berth-system', uid: 'end-2' };
  for (const end of last === 'the copy' ? [first, copy] : [copy, first]) ends.apply('ADDED', asRaw(end));
  ends.apply('MODIFIED', asRaw({ ...first, resourceVersion: '31' }));
  expect(index.pending).toBe(2);
  ends.apply('DELETED', asRaw({ ...first, resourceVersion: '32' }));
  expect(index.ofRun('run-1')?.uid).toBe('end-2');
  expect(index.pending).toBe(1);
  ends.apply('DELETED', asRaw(copy));
  expect(index.ofRun('run-1')).toBeUndefined();
  expect(index.pending).toBe(0);
});
