import { createHash } from 'node:crypto';

/**
 * A short name that changes when any of the parts does; a part's length counts, so that two parts never flow together.
 * The order of the parts matters.
 */
export function contentKey(parts: Iterable<string | Uint8Array>): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${Buffer.byteLength(part)}:`);
    hash.update(part);
  }
  return hash.digest('hex').slice(0, 16);
}
