import { describe, expect, test } from 'vitest';
import { explore, type Violation } from '../../model/explore.ts';
import { unreachable } from '../../model/liveness.ts';
import { worldsFrom } from '../../model/worlds.ts';

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
