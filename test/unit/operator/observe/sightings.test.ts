import { createSightings } from '@berth/operator/observe/sightings.ts';
import { expect, test } from 'vitest';

test('since() gives the time at which a thing was first seen, until another one is', () => {
  const sightings = createSightings();
  expect(sightings.since('shop/alice', 'silent', 1_000)).toBe(1_000);
  expect(sightings.since('shop/alice', 'silent', 5_000)).toBe(1_000);
  expect(sightings.since('shop/bob', 'silent', 5_000)).toBe(5_000);
  expect(sightings.since('shop/alice', 'unresponsive', 6_000)).toBe(6_000);
  expect(sightings.since('shop/alice', 'silent', 7_000)).toBe(7_000);
});

test('since() begins anew after a time in which there was nothing to see, and after forget()', () => {
  const sightings = createSightings();
  sightings.since('shop/alice', 'silent', 1_000);
  expect(sightings.since('shop/alice', undefined, 2_000)).toBeUndefined();
  expect(sightings.since('shop/alice', 'silent', 3_000)).toBe(3_000);
  sightings.forget();
  expect(sightings.since('shop/alice', 'silent', 4_000)).toBe(4_000);
});
