import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { projectDir } from '../../cluster/paths.ts';
import { knownSeries, readRules, unknownIn } from './known-series.ts';
import { namesIn } from './promql.ts';

const { alerts, recordings } = await readRules();
const known = await knownSeries();
const runbooks = join(projectDir, 'docs', 'runbooks');
const sorted = (names: readonly string[]) => [...names].sort();

test('no rule has the name of another', () => {
  const names = [...alerts.map(({ alert }) => alert), ...recordings.map(({ record }) => record)];
  expect(names).toEqual([...new Set(names)]);
});

test.each([
  { expression: 'max(berth_session_phases)', unknown: ['berth_session_phases'] },
  { expression: 'berth_session_stuck{phase="Ready"}', unknown: ['berth_session_stuck{phase}'] },
  { expression: 'sum by (engine) (berth_session_stuck)', unknown: ['engine'] },
  { expression: 'phase:berth_sessions:sum', unknown: ['phase:berth_sessions:sum'] },
  { expression: 'sum by (le) (rate(berth_force_kill_seconds_bucket[5m]))', unknown: [] },
])('a test finds out what $expression asks for in vain', ({ expression, unknown }) => {
  expect(unknownIn(expression, known)).toEqual(unknown);
});

test.each([
  ...alerts.map(({ alert: name, expr }) => ({ name, expr })),
  ...recordings.map(({ record: name, expr }) => ({ name, expr })),
])('$name asks for metrics and labels that exist', ({ expr }) => {
  expect(unknownIn(expr, known)).toEqual([]);
});

test.each(recordings)('$record names the labels that it keeps, its metric, and what is done with it', (rule) => {
  const [level = '', metric = '', operation = '', ...more] = rule.record.split(':');
  expect(more).toEqual([]);
  expect(metric).toMatch(/^(berth|controller_runtime)_[a-z_]+$/);
  expect(operation).toMatch(/^[a-z0-9_]+$/);
  const kept = (namesIn(rule.expr).groupings[0] ?? []).filter((label) => label !== 'le');
  expect(level).toBe(kept.length === 0 ? 'fleet' : kept.join('_'));
});

describe.each(alerts)('$alert', ({ alert, expr, labels, annotations }) => {
  test('has a severity, a summary, a description and its runbook', () => {
    expect(['critical', 'warning']).toContain(labels['severity']);
    expect(annotations['summary']).toMatch(/^[A-Z].*\.$/);
    expect(annotations['description']).toContain('kubectl ');
    expect(annotations['runbook_url']).toBe(`https://berth.dev/runbooks/${alert}.md`);
    expect(sorted(Object.keys(annotations))).toEqual(['description', 'runbook_url', 'summary']);
  });

  test('tells all that it knows of what it is about', () => {
    const kept = expr.startsWith('controller:') ? ['controller'] : (namesIn(expr).groupings[0] ?? []);
    const { description = '' } = annotations;
    const told = [...description.matchAll(/\{\{ \$labels\.(\w+) \}\}/g)].map(([, label]) => label);
    expect(new Set(told)).toEqual(new Set(kept));
    // Labels of the rule itself are none of $labels.
    const { severity: _, ...own } = labels;
    for (const value of Object.values(own)) expect(description).toContain(value);
  });

  test('has a test by promtool that names it', async () => {
    const file = join(projectDir, 'test', 'integration', 'alerts', `${alert}.yaml`);
    const { tests } = parse(await readFile(file, 'utf8')) as { tests: { alert_rule_test: { alertname: string }[] }[] };
    for (const { alert_rule_test } of tests) expect(alert_rule_test.map(({ alertname }) => alertname)).toEqual([alert]);
  });

  test('has a runbook that says what it means, whom it hurts, how to find the cause and how to mend it', async () => {
    const text = await readFile(join(runbooks, `${alert}.md`), 'utf8');
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([alert, 'Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
    expect(text.slice(text.indexOf('## Diagnosis'), text.indexOf('## Mitigation'))).toContain('\nkubectl ');
    expect(text).toContain(`\n*${labels['severity']}; `);
  });
});

test('every runbook is of an alert', async () => {
  expect(sorted(await readdir(runbooks))).toEqual(sorted(alerts.map(({ alert }) => `${alert}.md`)));
});

test('runbooks and README name no metric that does not exist', async () => {
  const files = (await readdir(runbooks)).map((file) => join(runbooks, file));
  for (const file of [...files, join(projectDir, 'README.md')]) {
    const named =
      (await readFile(file, 'utf8')).match(/\b(?:berth|workqueue|rest_client|controller_runtime)_\w+\b/g) ?? [];
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  }
});
