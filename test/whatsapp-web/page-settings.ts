/** How the page behaves; times in milliseconds. */
export interface PageSettings {
  /** How long a page shows its first QR, and each one after it. */
  readonly firstQrMs: number;
  readonly nextQrMs: number;
  /** From one ping to the next; a ping that has no answer by then means the connection is lost. */
  readonly keepAliveMs: number;
  /** The longest pause before the page connects again; the first is an eighth of a second, each next twice as long. */
  readonly maxBackoffMs: number;
}

export const defaultPageSettings: PageSettings = {
  firstQrMs: 60_000,
  nextQrMs: 20_000,
  keepAliveMs: 10_000,
  maxBackoffMs: 5_000,
};
