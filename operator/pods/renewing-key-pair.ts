import type { IssuedKeyPair } from './certificates.ts';

/** Gives a key pair that is valid for a good while yet. */
export type RenewingKeyPair = () => Promise<IssuedKeyPair>;

interface Options {
  readonly issue: () => Promise<IssuedKeyPair>;
  /** Names whoever issues: what another has issued is replaced. */
  readonly issuer?: () => string;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
}

/**
 * Keeps a key pair and has another issued in time, or when the issuer is another. Several callers at once wait for the same
 * one.
 */
export function renewingKeyPair({ issue, issuer = () => '', nowMs }: Options): RenewingKeyPair {
  let kept: { readonly by: string; readonly pair: IssuedKeyPair } | undefined;
  let issuing: { readonly by: string; readonly pair: Promise<IssuedKeyPair> } | undefined;

  async function renewed(by: string): Promise<IssuedKeyPair> {
    try {
      const pair = await issue();
      // One that was overtaken by a change of the issuer is good for who waits for it, and not kept.
      if (by === issuer()) kept = { pair, by };
      return pair;
    } finally {
      if (issuing?.by === by) issuing = undefined;
    }
  }

  return async function keyPair() {
    const by = issuer();
    if (kept?.by === by && nowMs() < kept.pair.renewAtMs) return kept.pair;
    if (issuing?.by !== by) issuing = { by, pair: renewed(by) };
    return issuing.pair;
  };
}
