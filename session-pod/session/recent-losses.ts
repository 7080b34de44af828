import type { Session } from './session.ts';

/** The spec lets a loop be made of as many as 1,000 lost connections; with one more, it is one. */
const keptLosses = 1_001;

type Losses = Pick<Session, 'reconnects' | 'lostAtMs'>;

/** Counts a connection that was logged in and got lost. */
export function withLoss({ reconnects, lostAtMs }: Losses, nowMs: number): Losses {
  return { reconnects: reconnects + 1, lostAtMs: [...lostAtMs, nowMs].slice(-keptLosses) };
}

/** How many connections got lost within the last `windowMs` milliseconds. */
export function recentLosses({ lostAtMs }: Losses, windowMs: number, nowMs: number): number {
  return lostAtMs.filter((atMs) => nowMs - atMs < windowMs).length;
}

/** When the first connection got lost after `reconnects` of them were told; undefined when all were. */
export function firstUntoldLossMs({ reconnects, lostAtMs }: Losses, told: number): number | undefined {
  return reconnects > told ? lostAtMs[Math.max(0, lostAtMs.length - (reconnects - told))] : undefined;
}
