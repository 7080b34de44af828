import { PageUnresponsiveError } from '@berth/session-pod/engine/web-page-unresponsive-error.ts';
import { watchPage } from '@berth/session-pod/engine/web-watch-page.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const silent = (withinMs: number) =>
  new Promise<string>((_resolve, reject) => {
    setTimeout(() => reject(new PageUnresponsiveError('ask', withinMs)), withinMs);
  });

test('watchPage() passes on each answer, until it is stopped', async () => {
  const states: string[] = [];
  const watch = watchPage({
    ask: () => Promise.resolve('UNPAIRED'),
    onState: (state) => states.push(state),
    onUnresponsive: () => states.push('unresponsive'),
  });
  await vi.advanceTimersByTimeAsync(3_500);
  watch.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(states).toEqual(['UNPAIRED', 'UNPAIRED', 'UNPAIRED']);
});

test('watchPage() tells once of a page that does not answer for half a minute', async () => {
  let told = 0;
  watchPage({ ask: silent, onState: () => {}, onUnresponsive: () => (told += 1) });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(told).toBe(0);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toBe(1);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(told).toBe(1);
});

test.each([
  { name: 'answers in between', answer: () => Promise.resolve('CONNECTED') },
  { name: 'fails, which is an answer', answer: () => Promise.reject(new Error('window.require is not a function')) },
])('watchPage() bears with a page that $name', async ({ answer }) => {
  let asked = 0;
  let told = 0;
  const watch = watchPage({
    ask: (withinMs) => ((asked += 1) % 4 === 0 ? answer() : silent(withinMs)),
    onState: () => {},
    onUnresponsive: () => (told += 1),
  });
  await vi.advanceTimersByTimeAsync(300_000);
  watch.stop();
  expect(told).toBe(0);
});
