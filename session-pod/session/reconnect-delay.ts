const baseMs = 1_000;
const maxMs = 30_000;

/**
 * Milliseconds to wait before the next dial: doubled with each failure up to 30 s, of which the upper half is jitter,
 * so that sessions that lost WhatsApp at the same moment do not come back at the same moment.
 * @param failedDials dials in a row that led to nothing lasting, 0 or more
 * @param random from 0 to 1
 */
export function reconnectDelayMs(failedDials: number, random: number): number {
  const fullMs = Math.min(maxMs, baseMs * 2 ** Math.min(failedDials, 10));
  return Math.round(fullMs / 2 + (fullMs / 2) * random);
}
