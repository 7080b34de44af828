import { expect, test } from 'vitest';
import { withShortWaits } from '../../monitoring/shipped-rules.ts';

test('withShortWaits() changes for how long an alert has to hold, and nothing else', () => {
  const recording = { record: 'a:b:sum', expr: 'sum(b)' };
  const atOnce = { alert: 'Lost', expr: 'increase(lost_total[1h]) > 0', labels: { severity: 'critical' } };
  const later = { alert: 'Stuck', expr: 'stuck > 0', for: '1m', annotations: { summary: 'Stuck.' } };
  expect(withShortWaits({ groups: [{ name: 'all', rules: [recording, atOnce, later] }] }, 3)).toEqual({
    groups: [{ name: 'all', rules: [recording, atOnce, { ...later, for: '3s' }] }],
  });
});
