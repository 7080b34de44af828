/** Longest message of a condition or a SessionEnd, in characters: the CRDs refuse a longer one, and with it the whole write. */
const messageLimit = 2048;

/** Cuts a text of others (a termination message, the kubelet's words) to what the CRDs store. */
export function bounded(text: string): string {
  if (text.length <= messageLimit) return text;
  // By characters: half of one is stored as another, so that each look would find a change.
  return `${Array.from(text)
    .slice(0, messageLimit - 1)
    .join('')}…`;
}
