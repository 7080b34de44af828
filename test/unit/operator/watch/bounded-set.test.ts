import { expect, test } from 'vitest';
import { BoundedSet } from '../../../../operator/watch/bounded-set.ts';

test('BoundedSet forgets its oldest member beyond the limit', () => {
  const set = new BoundedSet<string>(2);
  for (const member of ['a', 'b', 'b', 'c']) set.add(member);
  expect(['a', 'b', 'c'].filter((member) => set.has(member))).toEqual(['b', 'c']);
});
