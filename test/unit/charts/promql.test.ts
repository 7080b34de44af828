import { expect, test } from 'vitest';
import { namesIn } from './promql.ts';

test.each([
  { expression: 'up', metrics: ['up'] },
  { expression: 'a:b_c:sum{phase="Ready", namespace=~"$namespace"}', metrics: ['a:b_c:sum'] },
  { expression: 'sum by (le) (rate(x_bucket[5m]))', metrics: ['x_bucket'] },
  { expression: 'sum(rate(x_total[$__rate_interval])) by (code) > 0.5', metrics: ['x_total'] },
  { expression: 'max(a == 1) or absent(b) # c', metrics: ['a', 'b'] },
  { expression: 'time() - min by (namespace, session) (a_seconds) > 1e3', metrics: ['a_seconds'] },
  { expression: 'a and on (job, instance) b{name="or"} offset 5m', metrics: ['a', 'b'] },
  { expression: 'topk(10, increase(a_total{x!~"b{c}"}[1h:5m]))', metrics: ['a_total'] },
  { expression: 'histogram_quantile(0.99, a)', metrics: ['a'] },
])('namesIn() finds the metrics of $expression', ({ expression, metrics }) => {
  expect(namesIn(expression).selectors.map(({ metric }) => metric)).toEqual(metrics);
});

test('namesIn() finds the labels that are matched and those that are kept', () => {
  expect(namesIn('max by (namespace, reason) (a{reason!="x", phase=~"b|c"}) / on (namespace) group_left () b')).toEqual(
    {
      selectors: [
        { metric: 'a', labels: ['reason', 'phase'] },
        { metric: 'b', labels: [] },
      ],
      groupings: [['namespace', 'reason'], ['namespace'], []],
    },
  );
});

test.each(['{phase="Ready"}', 'a ? b', 'a{x="'])('namesIn() refuses what it cannot read: %s', (expression) => {
  expect(() => namesIn(expression)).toThrow(SyntaxError);
});
