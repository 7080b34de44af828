import { type IssuedKeyPair, leafLifetimeMs } from './certificates.ts';

/** Gives a key pair that is valid for a good while yet. */
export type RenewingKeyPair = () => Promise<IssuedKeyPair>;

/** A third of its life before the end: weeks, in which a renewal that fails can be tried again. */
const renewBeforeMs = leafLifetimeMs / 3;

/** Keeps a key pair and has another issued in time. Several callers at once wait for the same one. */
export function renewingKeyPair(issue: () => Promise<IssuedKeyPair>, nowMs: () => number): RenewingKeyPair {
  let current: IssuedKeyPair | undefined;
  let issuing: Promise<IssuedKeyPair> | undefined;

  async function renewed(): Promise<IssuedKeyPair> {
    try {
      current = await issue();
      return current;
    } finally {
      issuing = undefined;
    }
  }

  return async function keyPair() {
    if (current !== undefined && current.expiresAtMs - nowMs() > renewBeforeMs) return current;
    issuing ??= renewed();
    return issuing;
  };
}
