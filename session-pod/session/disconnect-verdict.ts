import type { PodEndReason } from '@berth/protocol';

export type DisconnectVerdict = 'reconnect' | Exclude<PodEndReason, 'auth_failure'>;

/** WhatsApp asks for a restart with it; Baileys calls it restartRequired. */
export const restartRequiredCode = 515;
/** Another client logged in with the same credentials; Baileys calls it connectionReplaced. */
export const replacedCode = 440;
/** A 401 this soon after a 515 is WhatsApp not yet knowing the device it has just linked. */
const settlingAfterRestartMs = 30_000;

/**
 * Says what a disconnect told by WhatsApp means for the run. Only `logged_out` may remove credentials.
 * @param statusCode 408 is a timeout or a lost connection alike, so never a logout.
 * @param sinceRestartMs milliseconds since the last 515, Infinity without one; a 401 within 30_000 of it is a reconnect.
 * @throws {RangeError} `statusCode` is not an integer: a bug of the caller, never of the network.
 * @see docs/engines.md, where each code was measured
 */
export function disconnectVerdict(statusCode: number, sinceRestartMs: number): DisconnectVerdict {
  if (!Number.isInteger(statusCode)) throw new RangeError(`Cannot judge a disconnect: status code is ${statusCode}`);
  if (statusCode === 401) return sinceRestartMs > settlingAfterRestartMs ? 'logged_out' : 'reconnect';
  if (statusCode === 403) return 'banned';
  if (statusCode === replacedCode) return 'replaced';
  return 'reconnect';
}
