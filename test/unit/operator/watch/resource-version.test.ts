import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareResourceVersions } from '../../../../operator/watch/resource-version.ts';

test('compareResourceVersions() orders as the numbers do, also beyond 2^53', () => {
  const version = fc.bigInt({ min: 0n, max: 2n ** 80n });
  fc.assert(
    fc.property(version, version, (a, b) => {
      const expected = a === b ? 0 : a < b ? -1 : 1;
      expect(Math.sign(compareResourceVersions(String(a), String(b)))).toBe(expected);
    }),
  );
});
