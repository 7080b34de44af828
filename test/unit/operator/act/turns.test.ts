import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTurns, type TurnLimits, type Wish } from '../../../../operator/act/turns.ts';
import { aStillClock } from '../../../fakes/still-clock.ts';

/** Turns whose keys do at once what they waited for, when they are woken. */
function someTurns(limits: TurnLimits) {
  const clock = aStillClock();
  const woken: { key: string; atMs: number; wish: Wish }[] = [];
  const turns = createTurns<string>({
    limits,
    clock,
    wake: (key, wish) => void woken.push({ key, atMs: clock.nowMs(), wish }),
  });
  /** Takes a turn and uses it. */
  const start = (key: string, wish: Wish = 'byItself') => {
    const has = turns.take(key, wish);
    if (has) {
      turns.began(key);
      turns.settle(key);
    }
    return has;
  };
  return { clock, turns, woken, start, names: () => woken.map(({ key }) => key) };
}

const numbered = (count: number, prefix = '') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const rate = { perSecond: 10, burst: 5 };

test('take() gives a burst at once, and then one turn for each token, first come, first served', () => {
  const { clock, woken, start } = someTurns({ concurrent: 100, rate });
  const given = numbered(10).filter((key) => start(key));
  expect(given).toEqual(['0', '1', '2', '3', '4']);
  clock.advance(1_000);
  expect(woken).toEqual(numbered(5).map((_, at) => ({ key: `${at + 5}`, atMs: (at + 1) * 100, wish: 'byItself' })));
});

test('take() keeps a place in line, however often it is asked for', () => {
  const { clock, turns, start, names } = someTurns({ concurrent: 100, rate: { perSecond: 10, burst: 1 } });
  start('first');
  for (const key of ['b', 'c', 'b', 'b']) expect(turns.take(key, 'byItself')).toBe(false);
  expect([turns.waiting, clock.timers]).toEqual([2, 1]);
  clock.advance(10_000);
  expect(names()).toEqual(['b', 'c']);
  expect(clock.timers).toBe(0); // Nobody waits: nothing ticks.
});

test('a bucket fills up to its burst in a pause, and no further', () => {
  const { clock, start } = someTurns({ concurrent: 1_000, rate });
  for (const key of numbered(5)) start(key);
  clock.advance(3_600_000);
  expect(numbered(20, 'later-').filter((key) => start(key))).toHaveLength(5);
});

test('no turn is given while so many are under way; an end gives the next', () => {
  const { clock, turns, start, names } = someTurns({ concurrent: 2 });
  expect(['a', 'b', 'c', 'd'].filter((key) => start(key))).toEqual(['a', 'b']);
  clock.advance(3_600_000);
  expect(names()).toEqual([]);
  turns.ended('a');
  expect([names(), turns.underWay]).toEqual([['c'], 2]);
});

test('what is under way without a turn counts too: of the leader before, or made by somebody', () => {
  const { turns, start, names } = someTurns({ concurrent: 2 });
  for (const key of ['x', 'y', 'z']) turns.began(key);
  expect(start('a')).toBe(false);
  turns.ended('x');
  expect(names()).toEqual([]);
  turns.ended('y');
  expect(names()).toEqual(['a']);
});

test('what is under way needs no other turn', () => {
  const { turns } = someTurns({ concurrent: 1 });
  turns.began('away');
  expect([turns.take('away', 'byItself'), turns.take('b', 'byItself')]).toEqual([true, false]);
});

test('what is under way for too long counts no more, and those in line go on', () => {
  const { clock, turns, start, names } = someTurns({ concurrent: 1, countsForMs: 120_000 });
  start('hangs');
  expect(start('a')).toBe(false);
  clock.advance(119_999);
  expect(names()).toEqual([]);
  clock.advance(1);
  expect([names(), turns.underWay]).toEqual([['a'], 1]);
});

test('settle() gives back the place of what failed, and takes a key out of the line', () => {
  const { turns, names } = someTurns({ concurrent: 1 });
  expect(turns.take('fails', 'byItself')).toBe(true);
  for (const key of ['a', 'b', 'c']) turns.take(key, 'byItself');
  turns.settle('a');
  turns.settle('fails');
  expect(names()).toEqual(['b']);
  turns.settle('b'); // Woken, and does not want it any more.
  expect(names()).toEqual(['b', 'c']);
});

test('an end that is seen while a turn is held does not free it twice', () => {
  const { turns, names } = someTurns({ concurrent: 1 });
  turns.take('a', 'byItself');
  turns.ended('a'); // The run before, say.
  turns.take('b', 'byItself');
  expect([turns.underWay, names()]).toEqual([1, []]);
  turns.settle('a');
  expect(names()).toEqual(['b']);
});

test('what was asked for goes first, and every fourth turn to what waits beside it', () => {
  const { clock, turns, woken } = someTurns({ concurrent: 100, rate: { perSecond: 1, burst: 1 } });
  turns.take('now', 'byItself');
  for (const key of numbered(3, 'restart-')) turns.take(key, 'byItself');
  for (const key of numbered(8, 'user-')) turns.take(key, 'asked');
  clock.advance(20_000);
  expect(woken.map(({ wish }) => (wish === 'asked' ? 'u' : 'r')).join('')).toBe('uuuruuuruur');
});

test('a key that waits by itself moves to the front line when somebody asks for it', () => {
  const { clock, turns, names } = someTurns({ concurrent: 100, rate: { perSecond: 1, burst: 1 } });
  turns.take('now', 'byItself');
  for (const key of ['a', 'b']) turns.take(key, 'byItself');
  turns.take('b', 'asked');
  turns.take('b', 'byItself');
  clock.advance(10_000);
  expect(names()).toEqual(['b', 'a']);
});

test('clear() forgets the line and the timer, and keeps what is under way', () => {
  const { clock, turns, start } = someTurns({ concurrent: 2, rate: { perSecond: 1, burst: 1 } });
  start('runs');
  turns.take('waits', 'byItself');
  turns.clear();
  expect([turns.waiting, turns.underWay, clock.timers]).toEqual([0, 1, 0]);
});

test('whatever happens, limits are kept, and every key that stays in line gets its turn', () => {
  const keys = numbered(12);
  const event = fc.record({
    what: fc.constantFrom('take', 'settle', 'ended', 'began', 'advance'),
    key: fc.constantFrom(...keys),
    wish: fc.constantFrom<Wish>('asked', 'byItself'),
    ms: fc.integer({ min: 0, max: 500 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), (events) => {
      const clock = aStillClock();
      const givenAtMs: number[] = [];
      const given = () => {
        givenAtMs.push(clock.nowMs());
        expect(turns.underWay).toBeLessThanOrEqual(3);
      };
      const limits = { concurrent: 3, rate, countsForMs: 10_000 };
      const turns = createTurns<string>({ limits, clock, wake: given });
      for (const { what, key, wish, ms } of events) {
        if (what === 'take') {
          const before = turns.underWay;
          const has = turns.take(key, wish);
          if (has && turns.underWay > before) given();
        } else if (what === 'advance') clock.advance(ms);
        else if (what === 'began') turns.began(key);
        else if (what === 'ended') turns.ended(key);
        else if (what === 'settle') turns.settle(key);
      }
      for (const [at, fromMs] of givenAtMs.entries())
        for (const [more, untilMs] of givenAtMs.slice(at).entries())
          expect(more + 1).toBeLessThanOrEqual(rate.burst + ((untilMs - fromMs) / 1000) * rate.perSecond + 1e-6);
      // Those that wait are served, also when nothing that is under way ever ends.
      clock.advance(10_000 * keys.length);
      expect(turns.waiting).toBe(0);
    }),
    { numRuns: 500 },
  );
});
