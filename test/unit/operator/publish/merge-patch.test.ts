import { mergePatchBetween } from '@berth/operator/publish/merge-patch.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** RFC 7396, as the API server applies it. */
function apply(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = apply(result[key], value);
  }
  return result;
}

test.each([
  ['nothing when both are the same', { a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, undefined],
  ['null for what is gone', { a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }, { a: null, b: { d: null } }],
  ['a list whole', { a: [1, 2] }, { a: [1] }, { a: [1] }],
])('mergePatchBetween() gives %s', (_name, before, after, patch) => {
  expect(mergePatchBetween(before, after)).toEqual(patch);
});

test('mergePatchBetween() makes any object into any other', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
  const value = fc.letrec((tie) => ({
    node: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof({ depthSize: 'small' }, leaf, tie('node'))),
  })).node;
  fc.assert(
    fc.property(value, value, (before, after) => {
      expect(apply(structuredClone(before), mergePatchBetween(before, after) ?? {})).toEqual(after);
    }),
  );
});
