/**
 * The JSON merge patch (RFC 7396) that makes `before` into `after`; undefined when they are the same.
 * Arrays are replaced whole, as merge patches do.
 */
export function mergePatchBetween(before: unknown, after: unknown): Record<string, unknown> | undefined {
  const from = asObject(before);
  const to = asObject(after);
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [old, wanted] = [from[key], to[key]];
    if (wanted === undefined) {
      if (old !== undefined) patch[key] = null;
    } else if (isObject(wanted) && isObject(old)) {
      const nested = mergePatchBetween(old, wanted);
      if (nested !== undefined) patch[key] = nested;
    } else if (!isSame(old, wanted)) {
      patch[key] = wanted;
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asObject = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, index) => isSame(element, b[index]));
  if (isObject(a) && isObject(b)) return mergePatchBetween(a, b) === undefined;
  return a === b;
}
