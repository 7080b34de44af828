/**
 * Compares two resourceVersions of one resource: negative when `a` is older.
 * They are decimal numbers without leading zeros and may exceed 2^53, so that length, then text, orders them.
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/5504-comparable-resource-version
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}
