import { expect, test } from 'vitest';
import { attemptsOf, statusAfterAttempt, statusOfReplay } from '../../../../operator/deliver/delivery-status.ts';
import { aSessionEnd, createdAt, createdAtMs } from './a-session-end.ts';

const [one, two] = ['https://one.example.com/', 'https://two.example.com/'];
const sinks = [{ url: one }, { url: two }];
const timing = { nowMs: createdAtMs + 1_000, retryInMs: 2_000, giveUpAtMs: createdAtMs + 60_000 };
const at = '2026-01-01T00:00:01.000Z';

test('statusAfterAttempt() is True once every sink has it', () => {
  expect(statusAfterAttempt(aSessionEnd({ sinks }), [{ url: one }, { url: two }], timing)).toEqual({
    delivered: 'True',
    deliveries: [one, two].map((sink) => ({ sink, attempts: 1, lastAttemptAt: at, deliveredAt: at })),
  });
});

test('statusAfterAttempt() says what failed and when it is tried again', () => {
  const outcomes = [{ url: one }, { url: two, error: '503 Service Unavailable' }];
  const status = statusAfterAttempt(aSessionEnd({ sinks }), outcomes, timing);
  expect(status).toEqual({
    delivered: 'False',
    nextAttemptAt: '2026-01-01T00:00:03.000Z',
    deliveries: [
      { sink: one, attempts: 1, lastAttemptAt: at, deliveredAt: at },
      { sink: two, attempts: 1, lastAttemptAt: at, lastError: '503 Service Unavailable' },
    ],
  });
  const next = statusAfterAttempt(aSessionEnd({ sinks, status }), [{ url: two }], timing);
  expect(next.delivered).toBe('True');
  expect(next.deliveries?.[1]).toEqual({ sink: two, attempts: 2, lastAttemptAt: at, deliveredAt: at });
  expect(attemptsOf(aSessionEnd({ status: next }))).toBe(2);
});

test('statusAfterAttempt() gives up when the attempt after the deadline failed', () => {
  const late = { ...timing, nowMs: timing.giveUpAtMs };
  const status = statusAfterAttempt(aSessionEnd({ sinks: [{ url: one }] }), [{ url: one, error: 'no' }], late);
  expect(status.delivered).toBe('GivenUp');
  expect(status.nextAttemptAt).toBeUndefined();
});

test('statusAfterAttempt() never takes a delivery back', () => {
  const deliveries = [{ sink: one, attempts: 1, lastAttemptAt: createdAt, deliveredAt: createdAt }];
  const end = aSessionEnd({ sinks: [{ url: one }], status: { delivered: 'True', deliveries } });
  expect(statusAfterAttempt(end, [{ url: one, error: 'timed out' }], timing)).toEqual({
    delivered: 'True',
    deliveries,
  });
});

test('statusAfterAttempt() says whose key signed, as long as it was so at the last attempt', () => {
  const end = aSessionEnd({ sinks: [{ url: one }] });
  const outcome = { url: one, error: '401 Unauthorized', standsInFor: 'there is no key' };
  const status = statusAfterAttempt(end, [outcome], timing);
  expect(status.deliveries?.[0]).toMatchObject({ lastError: '401 Unauthorized', signedByOperator: true });
  const mended = statusAfterAttempt({ ...end, status }, [{ url: one }], timing);
  expect(mended.deliveries?.[0]?.signedByOperator).toBeUndefined();
});

test('statusOfReplay() opens what was given up again, and keeps what was delivered', () => {
  const deliveries = [{ sink: one, attempts: 1, lastAttemptAt: createdAt, deliveredAt: createdAt }];
  const end = aSessionEnd({ sinks, status: { delivered: 'GivenUp', deliveries } });
  const status = statusOfReplay(end, createdAtMs + 1_000);
  expect(status).toEqual({ delivered: 'False', replayedAt: at, deliveries });
  const failed = statusAfterAttempt({ ...end, status }, [{ url: two, error: 'no' }], timing);
  expect(failed).toMatchObject({ delivered: 'False', replayedAt: at });
});
