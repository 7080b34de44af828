import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explore } from '../../model/explore.ts';
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
import { mutantWorlds } from '../../model/worlds.ts';

// In a file of their own: this and the worlds that keep their promises take the better part of two minutes each, side by side.
const timeoutMs = 180_000;

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
