import { createEngineEnd, type EngineEndOptions } from '@berth/session-pod/run/engine-end.ts';
import { runSteps } from '@berth/session-pod/run/shutdown.ts';
import { expect, test } from 'vitest';
import { silentLog } from '../silent-log.ts';

const limits = { closeWithinMs: Number.POSITIVE_INFINITY, forcedEndMs: 1_000, leavesMs: 800 };

/** What an engine is given of a stop that has `leftMs`, and what a later stop makes of that. */
async function askedOf(leftMs: number, more: Partial<EngineEndOptions> = {}, hurriedMs?: number) {
  const asked: number[] = [];
  const { step, hurry } = createEngineEnd({ ...limits, close: async (withinMs) => void asked.push(withinMs), ...more });
  await runSteps(
    [step],
    () => leftMs,
    () => 0,
    silentLog,
  );
  if (hurriedMs !== undefined) hurry(hurriedMs);
  return asked;
}

test.each([
  { name: 'all that a long stop leaves to a browser', leftMs: 29_800, asked: [28_000] },
  { name: 'what a SIGTERM leaves to a browser', leftMs: 4_300, asked: [2_500] },
  {
    name: 'no more than it needs to one that is quick',
    leftMs: 29_800,
    more: { closeWithinMs: 1_000 },
    asked: [1_000],
  },
  { name: 'nothing of a stop that is too short', leftMs: 900, asked: [0] },
])('createEngineEnd() gives $name', async ({ leftMs, more, asked }) => {
  expect(await askedOf(leftMs, more)).toEqual(asked);
});

test('createEngineEnd() hurries an engine whose stop gets shorter', async () => {
  expect(await askedOf(29_800, {}, 4_300)).toEqual([28_000, 2_500]);
  const { hurry, closed } = createEngineEnd({ ...limits, close: () => Promise.reject(new Error('not asked yet')) });
  hurry(4_300);
  await closed();
});

test('createEngineEnd() lets nobody at the volume before the engine is closed, although its step ran out of time', async () => {
  const done: string[] = [];
  const closing = Promise.withResolvers<void>();
  const { step, closed } = createEngineEnd({
    ...limits,
    close: () => closing.promise.then(() => void done.push('closed')),
  });
  const release = {
    what: 'release the volume',
    withinMs: 5_000,
    async run() {
      setImmediate(closing.resolve);
      await closed();
      done.push('released');
    },
  };
  const { failed } = await runSteps(
    [{ ...step, withinMs: 1 }, release],
    () => Date.now() + 60_000,
    Date.now,
    silentLog,
  );
  expect(failed).toEqual(['close the engine']);
  expect(done).toEqual(['closed', 'released']);
});
