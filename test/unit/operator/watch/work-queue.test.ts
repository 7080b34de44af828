import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUrgent, type Priority, priorities } from '../../../../operator/watch/priority.ts';
import { createWorkQueue, type Lane, type WorkItem } from '../../../../operator/watch/work-queue.ts';
import { aStillClock } from '../../../fakes/still-clock.ts';

function aQueue() {
  const clock = aStillClock();
  const told: string[] = [];
  const queue = createWorkQueue({
    clock,
    backoff: (attempt) => 100 * 2 ** attempt,
    metrics: {
      depth: (keys) => told.push(`depth ${keys}`),
      added: () => told.push('added'),
      waited: (seconds) => told.push(`waited ${seconds}`),
      worked: (seconds) => told.push(`worked ${seconds}`),
      retried: () => told.push('retried'),
    },
  });
  const taken: string[] = [];
  /** Takes whatever is there now, without waiting. */
  async function drain(lane: Lane = 'any'): Promise<string[]> {
    const keys: string[] = [];
    for (;;) {
      const item = await queue.take({ lane, signal: noWaiting() });
      if (item === undefined) return keys;
      keys.push(item.key);
      queue.done(item.key);
    }
  }
  return { queue, clock, told, taken, drain };
}

/** Aborted a moment after the take has looked. */
function noWaiting(): AbortSignal {
  const controller = new AbortController();
  queueMicrotask(() => controller.abort());
  return controller.signal;
}

test('take() gives the most urgent key first, and equals in the order they came', async () => {
  const { queue, drain } = aQueue();
  for (const priority of priorities.toReversed()) {
    queue.add(`${priority} 1`, priority);
    queue.add(`${priority} 2`, priority);
  }
  expect(await drain()).toEqual(priorities.flatMap((priority) => [`${priority} 1`, `${priority} 2`]));
});

test('add() keeps a key once, and raises it but never lowers it', async () => {
  const { queue, drain } = aQueue();
  queue.add('a', 'resync');
  queue.add('b', 'report');
  queue.add('a', 'force-kill');
  queue.add('a', 'resync');
  expect(queue.depth).toBe(2);
  expect(await drain()).toEqual(['a', 'b']);
});

test('done() brings back a key that was added while it was in work, with the highest priority of those adds', async () => {
  const { queue } = aQueue();
  queue.add('a', 'resync');
  await queue.take({ lane: 'any' });
  queue.add('a', 'report');
  queue.add('a', 'deletion');
  queue.add('a', 'resync');
  expect(queue.depth).toBe(0);
  queue.done('a');
  expect(await queue.take({ lane: 'any' })).toEqual({ key: 'a', priority: 'deletion' });
});

test('take() of the urgent lane takes force-kills and deletions and leaves the rest', async () => {
  const { queue, drain } = aQueue();
  queue.add('change', 'user-change');
  queue.add('deletion', 'deletion');
  queue.add('kill', 'force-kill');
  expect(await drain('urgent')).toEqual(['kill', 'deletion']);
  expect(await drain()).toEqual(['change']);
});

test('add() gives an urgent key to a reserved worker first, so that the others stay free', async () => {
  const { queue } = aQueue();
  const got: string[] = [];
  const worker = async (lane: Lane) => {
    const item = await queue.take({ lane });
    got.push(`${lane}: ${item?.key}`);
  };
  const workers = [worker('any'), worker('urgent')];
  queue.add('kill', 'force-kill');
  queue.add('report', 'report');
  await Promise.all(workers);
  expect(got.sort()).toEqual(['any: report', 'urgent: kill']);
});

test('addAfter() keeps only the earliest time of a key, with the highest priority', async () => {
  const { queue, clock, drain } = aQueue();
  queue.addAfter('a', 500, 'resync');
  queue.addAfter('a', 200, 'resync');
  queue.addAfter('a', 900, 'deletion');
  expect(clock.timers).toBe(1);
  clock.advance(199);
  expect(await drain('urgent')).toEqual([]);
  clock.advance(1);
  expect(await drain('urgent')).toEqual(['a']);
  clock.advance(10_000);
  expect(await drain()).toEqual([]);
});

test('retry() waits longer each time until forget(), and keeps the priority of the work', async () => {
  const { queue, clock } = aQueue();
  const delays: number[] = [];
  queue.add('a', 'force-kill');
  for (let attempt = 0; attempt < 3; attempt++) {
    expect(await queue.take({ lane: 'urgent' })).toEqual({ key: 'a', priority: 'force-kill' });
    delays.push(queue.retry('a'));
    queue.done('a');
    clock.advance(10_000);
  }
  await queue.take({ lane: 'any' });
  queue.forget('a');
  delays.push(queue.retry('a'));
  expect(delays).toEqual([100, 200, 400, 100]);
});

test('take() ends empty-handed when aborted or closed, and loses no key by it', async () => {
  const { queue, drain } = aQueue();
  const controller = new AbortController();
  const aborted = queue.take({ lane: 'any', signal: controller.signal });
  controller.abort();
  expect(await aborted).toBeUndefined();
  queue.add('a', 'report');
  expect(await drain()).toEqual(['a']);
  const waiting = queue.take({ lane: 'any' });
  queue.close();
  expect(await waiting).toBeUndefined();
  queue.add('b', 'report');
  expect(await queue.take({ lane: 'any' })).toBeUndefined();
});

test('close() ends the timers', () => {
  const { queue, clock } = aQueue();
  queue.addAfter('a', 500);
  queue.close();
  queue.addAfter('b', 500);
  expect(clock.timers).toBe(0);
});

test('metrics tell of adds, depth, waiting, work and retries', async () => {
  const { queue, clock, told } = aQueue();
  queue.add('a', 'report');
  clock.advance(2_000);
  await queue.take({ lane: 'any' });
  clock.advance(500);
  expect([queue.unfinishedSeconds(), queue.longestRunningSeconds()]).toEqual([0.5, 0.5]);
  queue.retry('a');
  queue.done('a');
  expect(told).toEqual(['added', 'depth 1', 'depth 0', 'waited 2', 'retried', 'worked 0.5']);
});

type Step =
  | { readonly type: 'add'; readonly key: string; readonly priority: Priority }
  | { readonly type: 'addAfter'; readonly key: string; readonly priority: Priority; readonly ms: number }
  | { readonly type: 'worker'; readonly lane: Lane }
  | { readonly type: 'done'; readonly which: number }
  | { readonly type: 'retry'; readonly which: number }
  | { readonly type: 'advance'; readonly ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const priority = fc.constantFrom(...priorities);
const ms = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add' as const), key, priority }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('addAfter' as const), key, priority, ms }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('worker' as const), lane: fc.constantFrom<Lane>('any', 'urgent') }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('done' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('retry' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('advance' as const), ms }) },
);

test('the queue never works one key twice at once, loses none, and gives a reserved worker urgent keys only', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { queue, clock } = aQueue();
      const inWork = new Map<string, Priority>();
      /** Keys that were added after their last take. */
      const owed = new Set<string>();
      const settle = () => new Promise((resolve) => setImmediate(resolve));
      const started = (lane: Lane) => (item: WorkItem<string> | undefined) => {
        if (item === undefined) return;
        expect(inWork.has(item.key)).toBe(false);
        expect(lane === 'any' || isUrgent(item.priority)).toBe(true);
        inWork.set(item.key, item.priority);
        owed.delete(item.key);
      };
      const workers: Promise<void>[] = [];
      const finish = (name: string) => {
        inWork.delete(name);
        queue.done(name);
      };

      for (const action of steps) {
        const working = [...inWork.keys()];
        if (action.type === 'add') {
          owed.add(action.key);
          queue.add(action.key, action.priority);
        } else if (action.type === 'addAfter') {
          owed.add(action.key);
          queue.addAfter(action.key, action.ms, action.priority);
        } else if (action.type === 'worker') {
          workers.push(queue.take({ lane: action.lane }).then(started(action.lane)));
        } else if (action.type === 'advance') {
          clock.advance(action.ms);
        } else {
          const name = working[action.which % working.length];
          if (name === undefined) continue;
          if (action.type === 'retry') {
            owed.add(name);
            queue.retry(name);
          }
          finish(name);
        }
        await settle(); // A taken key is seen by its worker before the next step.
      }

      // From here on workers are there and all is finished: whatever was added must come.
      clock.advance(10_000_000);
      for (let round = 0; round < 20; round++) {
        await settle();
        for (const name of inWork.keys()) finish(name);
        workers.push(queue.take({ lane: 'any' }).then(started('any')));
      }
      await settle();
      expect([...owed]).toEqual([]);
      expect(queue.depth).toBe(0);
      expect(clock.timers).toBe(0);
      queue.close();
      await Promise.all(workers);
    }),
    { numRuns: 300 },
  );
});
