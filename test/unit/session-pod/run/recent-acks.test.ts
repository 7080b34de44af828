import { createRecentAcks } from '@berth/session-pod/run/recent-acks.ts';
import { expect, test } from 'vitest';

test('createRecentAcks() keeps the best that is known of each message', () => {
  const acks = createRecentAcks();
  for (const level of ['sent', 'read', 'delivered', 'read', 'failed', 'played'] as const) acks.add({ id: 'm1', level });
  expect(acks.since(0)).toEqual([{ id: 'm1', level: 'played', sequence: 3 }]);
});

test('createRecentAcks() tells what was learnt after a sequence, in that order', () => {
  const acks = createRecentAcks();
  acks.add({ id: 'm1', level: 'sent' });
  acks.add({ id: 'm2', level: 'failed' });
  acks.add({ id: 'm1', level: 'delivered' });
  expect(acks.since(0).map(({ id }) => id)).toEqual(['m2', 'm1']);
  expect(acks.since(2)).toEqual([{ id: 'm1', level: 'delivered', sequence: 3 }]);
});

test('createRecentAcks() forgets the messages of which nothing was learnt for the longest time', () => {
  const acks = createRecentAcks(2);
  for (const id of ['m1', 'm2', 'm3']) acks.add({ id, level: 'sent' });
  expect(acks.since(0).map(({ id }) => id)).toEqual(['m2', 'm3']);
});
