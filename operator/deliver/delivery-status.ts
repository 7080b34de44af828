import type { Delivery, SessionEnd, SessionEndStatus } from '../resource/session-end.ts';

/** What became of one attempt at one sink; without `error` the sink has taken it. */
export interface Outcome {
  readonly url: string;
  readonly error?: string;
  /** The sink's key was gone, and the operator's own signed; what is missing, in a sentence. */
  readonly standsInFor?: string;
}

const rfc3339 = (ms: number) => new Date(ms).toISOString();

/**
 * The status after one attempt at all sinks that were open.
 * @param timing when the next attempt is made, if one is needed; after `giveUpAtMs` there is none
 */
export function statusAfterAttempt(
  end: SessionEnd,
  outcomes: readonly Outcome[],
  { nowMs, retryInMs, giveUpAtMs }: { readonly nowMs: number; readonly retryInMs: number; readonly giveUpAtMs: number },
): SessionEndStatus {
  const before = new Map((end.status?.deliveries ?? []).map((delivery) => [delivery.sink, delivery]));
  for (const { url, error, standsInFor } of outcomes) {
    const known = before.get(url);
    if (known?.deliveredAt !== undefined) continue; // Another leader's attempt came through meanwhile.
    const attempt: Delivery = {
      sink: url,
      attempts: (known?.attempts ?? 0) + 1,
      lastAttemptAt: rfc3339(nowMs),
      ...(standsInFor === undefined ? {} : { signedByOperator: true }),
    };
    before.set(
      url,
      error === undefined ? { ...attempt, deliveredAt: rfc3339(nowMs) } : { ...attempt, lastError: error },
    );
  }
  const deliveries = [...before.values()];
  const replayed = end.status?.replayedAt === undefined ? {} : { replayedAt: end.status.replayedAt };
  const isDelivered = (end.spec.sinks ?? []).every(({ url }) => before.get(url)?.deliveredAt !== undefined);
  if (isDelivered) return { ...replayed, delivered: 'True', deliveries };
  if (nowMs >= giveUpAtMs) return { ...replayed, delivered: 'GivenUp', deliveries };
  return { ...replayed, delivered: 'False', deliveries, nextAttemptAt: rfc3339(nowMs + retryInMs) };
}

/** The status that makes what was given up be tried again, for as long as anew. */
export function statusOfReplay({ status }: SessionEnd, nowMs: number): SessionEndStatus {
  return { ...status, delivered: 'False', replayedAt: rfc3339(nowMs) };
}

/** Attempts made so far at the sink that was tried most. */
export function attemptsOf({ status }: SessionEnd): number {
  return Math.max(0, ...(status?.deliveries ?? []).map(({ attempts }) => attempts));
}
