import { expect, test } from 'vitest';
import { contentKey } from '../../cluster/content-key.ts';

test('contentKey() is the same for the same parts', () => {
  expect(contentKey(['a', Buffer.from('b')])).toBe(contentKey([Buffer.from('a'), 'b']));
});

test.each([
  { name: 'a part changes', parts: ['a', 'c'] },
  { name: 'text moves from one part to the next', parts: ['ab', ''] },
  { name: 'the order changes', parts: ['b', 'a'] },
  { name: 'a part is added', parts: ['a', 'b', ''] },
])('contentKey() changes when $name', ({ parts }) => {
  expect(contentKey(parts)).not.toBe(contentKey(['a', 'b']));
});
