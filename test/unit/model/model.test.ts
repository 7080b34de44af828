import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explore, type Violation } from '../../model/explore.ts';
import type { Mutant } from '../../model/leader.ts';
import { unreachable } from '../../model/liveness.ts';
import {
  mutants,
  mutantsOfBudgets,
  mutantsOfLateWatches,
  mutantsOfLostNodes,
  mutantsOfRefusedRecords,
  mutantsOfStuckRuns,
  mutantsOfTwoLeaders,
  rules,
} from '../../model/mutants.ts';
import { mutantWorlds, worldsFrom } from '../../model/worlds.ts';

/** A soak with larger bounds takes hours. */
const timeoutMs = process.env['MODEL_STATES'] === undefined ? 180_000 : 12 * 3_600_000;

const inWords = ({ promise, trace }: Violation) =>
  [promise, ...trace.map((label, index) => `${String(index + 1).padStart(4)}. ${label}`)].join('\n');

describe('plan() keeps its promises in every reachable state', () => {
  test.each(worldsFrom(process.env))(
    'with %s',
    (name, bounds) => {
      const startedMs = performance.now();
      const graph = explore(bounds);
      const violations = [...graph.violations, ...(graph.violations.length > 0 ? [] : unreachable(graph, bounds))];
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`${name}: ${graph.states} states, ${graph.steps} steps in ${seconds} s, ${JSON.stringify(bounds)}`);
      expect(violations.map(inWords).join('\n\n')).toBe('');
    },
    timeoutMs,
  );
});

describe('the model finds the bug that', () => {
  const inWorld = (name: keyof typeof mutantWorlds, bugs: readonly Mutant[]) =>
    bugs.map((mutant) => ({ name: mutant.name, mutant, bounds: mutantWorlds[name] }));
  const cases = [
    ...inWorld('small', mutants),
    ...inWorld('late watches', mutantsOfLateWatches),
    ...inWorld('two leaders for a moment', mutantsOfTwoLeaders),
    ...inWorld('a lost node', mutantsOfLostNodes),
    ...inWorld('stuck runs', mutantsOfStuckRuns),
    ...inWorld('stuck runs and a budget', mutantsOfBudgets),
    ...inWorld('refused records', mutantsOfRefusedRecords),
  ];
  test.each(cases)(
    '$name',
    ({ mutant, bounds }) => {
      const graph = explore(bounds, mutant);
      const [violation] = graph.violations.length > 0 ? graph.violations : unreachable(graph, bounds);
      expect(violation?.trace, `it passes in all of ${graph.states} states`).toBeDefined();
    },
    timeoutMs,
  );
});

test('the mutants are made of the rules that plan() has, in its order', () => {
  const source = readFileSync(new URL('../../../operator/plan/plan.ts', import.meta.url), 'utf8');
  const [, listed = ''] = /const rules[^=]*= \[([^\]]*)\]/.exec(source) ?? [];
  expect(listed.match(/\w+/g)).toEqual(Object.keys(rules));
});
