import type { Delivery, SessionEnd, SessionEndStatus } from '../resource/session-end.ts';

/** What became of one attempt at one sink; without `error` the sink has taken it. */
export interface Outcome {
  readonly url: string;
  readonly error?: string;
}

const rfc3339 = (ms: number) => new Date(ms).toISOString();

/**
 * The status after one attempt at all sinks that were open.
 * @param retryInMs how long the next attempt waits, when one is needed
 */
export function statusAfterAttempt(
  end: SessionEnd,
  outcomes: readonly Outcome[],
  { nowMs, retryInMs }: { readonly nowMs: number; readonly retryInMs: number },
): SessionEndStatus {
  const before = new Map((end.status?.deliveries ?? []).map((delivery) => [delivery.sink, delivery]));
  for (const { url, error } of outcomes) {
    const known = before.get(url);
    if (known?.deliveredAt !== undefined) continue; // Another leader's attempt came through meanwhile.
    const attempt: Delivery = { sink: url, attempts: (known?.attempts ?? 0) + 1, lastAttemptAt: rfc3339(nowMs) };
    before.set(url, error === undefined ? { ...attempt, deliveredAt: rfc3339(nowMs) } : { ...attempt, lastError: error });
  }
  const deliveries = [...before.values()];
  const isDelivered = (end.spec.sinks ?? []).every(({ url }) => before.get(url)?.deliveredAt !== undefined);
  return isDelivered
    ? { delivered: 'True', deliveries }
    : { delivered: 'False', deliveries, nextAttemptAt: rfc3339(nowMs + retryInMs) };
}

/** The status once no more attempts are made. */
export function givenUp({ status }: SessionEnd): SessionEndStatus {
  return { delivered: 'GivenUp', deliveries: status?.deliveries ?? [] };
}

/** Attempts made so far at the sink that was tried most. */
export function attemptsOf({ status }: SessionEnd): number {
  return Math.max(0, ...(status?.deliveries ?? []).map(({ attempts }) => attempts));
}
