import { expect, test } from 'vitest';
import { createConcurrencyLimit, OverloadedError } from '../../../../operator/api/concurrency-limit.ts';

test('run() lets so many in at once, the others in order, and nobody beyond the line', async () => {
  const limit = createConcurrencyLimit('check a token', 2, 2);
  const ends: (() => void)[] = [];
  const started: number[] = [];
  const work = (number: number) =>
    limit.run(async () => {
      started.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      return number;
    });
  const results = [work(1), work(2), work(3), work(4)];
  await expect(work(5)).rejects.toThrow(OverloadedError);
  expect(started).toEqual([1, 2]);
  ends[0]?.();
  await results[0];
  await expect.poll(() => started).toEqual([1, 2, 3]);
  ends[1]?.();
  await expect.poll(() => started).toEqual([1, 2, 3, 4]);
  ends[2]?.();
  ends[3]?.();
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
});

test('run() gives its place on when the work fails', async () => {
  const limit = createConcurrencyLimit('check a token', 1, 1);
  const failing = limit.run(() => Promise.reject(new Error('no')));
  const next = limit.run(async () => 'next');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('next');
});
