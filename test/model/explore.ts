import type { Bounds } from './bounds.ts';
import { environmentSteps } from './environment.ts';
import { createLeader, type Mutant } from './leader.ts';
import * as promises from './promises.ts';
import type { Step } from './step.ts';
import { decode, encode, firstWorld, type World } from './world.ts';

/** A promise that is broken, and the shortest way there. */
export interface Violation {
  readonly promise: string;
  /** From the first state on, one sentence for each step. */
  readonly trace: readonly string[];
}

/** All states that can be reached, and the ways between them. */
export interface Graph {
  readonly states: number;
  readonly steps: number;
  /** One for each promise that is broken, each by the shortest way to it; no way goes on past one. */
  readonly violations: readonly Violation[];
  readonly world: (state: number) => World;
  /** Whether a way on from a state was not followed, because it makes more pods than the bounds allow. */
  readonly isAtBound: (state: number) => boolean;
  /** The shortest way to a state, one sentence for each step. */
  readonly traceTo: (state: number) => string[];
  /** Calls with every step that one may count on: `likely` ones too, or `sure` ones alone. */
  readonly eachHope: (visit: (from: number, to: number, hope: 'sure' | 'likely') => void) => void;
}

/** The state space is larger than the bounds allow it to be. */
export class TooManyStatesError extends Error {
  constructor({ states }: Bounds) {
    super(`Cannot explore everything: there are more than ${states} states; set MODEL_STATES or smaller bounds`);
  }
}

/**
 * Breadth first through every reachable state, so that the first way found is the shortest.
 * @param mutant ends at its first violation
 * @throws {TooManyStatesError} there are more states than the bounds allow
 */
export function explore(bounds: Bounds, mutant?: Mutant): Graph {
  const leader = createLeader(bounds, mutant ?? {});
  const found = new Map<string, number>();
  const keys: string[] = [];
  const cameFrom: number[] = [];
  const edges = new GrowingList();
  const atBound = new Set<number>();
  let steps = 0;

  const stepsFrom = (world: World): Step[] => [...leader.steps(world), ...environmentSteps(world, bounds)];

  function place(world: World, from: number): number {
    const key = encode(world);
    const known = found.get(key);
    if (known !== undefined) return known;
    const state = keys.push(key) - 1;
    if (state >= bounds.states) throw new TooManyStatesError(bounds);
    found.set(key, state);
    cameFrom.push(from);
    return state;
  }

  const world = (state: number) => decode(keys[state] ?? '');

  function traceTo(state: number): string[] {
    const way: number[] = [];
    for (let at = state; at >= 0; at = cameFrom[at] ?? -1) way.unshift(at);
    return way.slice(1).map((to, index) => {
      const step = stepsFrom(world(way[index] ?? 0)).find((each) => encode(each.world) === keys[to]);
      return step?.label ?? 'by a step that is no more there: a bug of the model';
    });
  }

  const violationsAtMost = mutant === undefined ? 20 : 1;
  const violations = new Map<string, Violation>();
  place(firstWorld(bounds), -1);
  for (let state = 0; state < keys.length && violations.size < violationsAtMost; state++) {
    for (const { label, hope, world: there, broken } of stepsFrom(world(state))) {
      steps++;
      if (there.runs > bounds.runs) {
        atBound.add(state);
        continue;
      }
      const promise = broken ?? promises.ofState(there);
      if (promise !== undefined) {
        if (!violations.has(promise)) violations.set(promise, { promise, trace: [...traceTo(state), label] });
        continue;
      }
      const to = place(there, state);
      if (hope !== 'none' && to !== state) edges.add(state, to, hope === 'sure' ? 1 : 0);
    }
  }

  return {
    states: keys.length,
    steps,
    violations: [...violations.values()],
    world,
    isAtBound: (state) => atBound.has(state),
    traceTo,
    eachHope: (visit) => edges.each((from, to, sure) => visit(from, to, sure === 1 ? 'sure' : 'likely')),
  };
}

/** Triples of numbers in one growing array: millions of small objects would fill the memory. */
class GrowingList {
  private values = new Int32Array(1 << 16);
  private length = 0;

  add(a: number, b: number, c: number): void {
    if (this.length + 3 > this.values.length) {
      const larger = new Int32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = a;
    this.values[this.length++] = b;
    this.values[this.length++] = c;
  }

  each(visit: (a: number, b: number, c: number) => void): void {
    for (let at = 0; at < this.length; at += 3)
      visit(this.values[at] ?? 0, this.values[at + 1] ?? 0, this.values[at + 2] ?? 0);
  }
}
