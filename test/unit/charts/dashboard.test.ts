import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectDir } from '../../cluster/paths.ts';
import { knownSeries, readRules, unknownIn } from './known-series.ts';
import { namesIn } from './promql.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat?: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const file = join(projectDir, 'charts', 'berth', 'files', 'dashboards', 'berth.json');
const text = await readFile(file, 'utf8');
const dashboard = JSON.parse(text) as Dashboard;
const known = await knownSeries();
const { alerts, recordings } = await readRules();
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

test('no panel of the dashboard has the id of another, or lies on another', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
  );
  expect(cells.length).toBe(new Set(cells).size);
  expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
});

test('every variable that the dashboard uses is defined', () => {
  const defined = [...dashboard.templating.list.map(({ name }) => name), '__rate_interval'];
  const used = [...text.matchAll(/\$\{?(\w+)\}?/g)].map(([, name]) => name ?? '');
  expect(used.filter((name) => !defined.includes(name))).toEqual([]);
});

test('the namespaces to choose from come from a series that exists', () => {
  const { definition } = dashboard.templating.list.find(({ name }) => name === 'namespace') ?? {};
  const [, series = '', label = ''] = /^label_values\(([\w:]+), (\w+)\)$/.exec(definition ?? '') ?? [];
  expect(known.get(series)).toContain(label);
});

describe.each(panels)('the panel “$title” ($id)', ({ description, datasource, targets = [] }) => {
  test('says what it shows, from the Prometheus that is chosen', () => {
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
  });

  test('asks for metrics and labels that exist', () => {
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr } of targets) expect(unknownIn(expr, known)).toEqual([]);
  });

  test('names its lines by labels that they have', () => {
    for (const { expr, legendFormat = '' } of targets) {
      const [{ metric } = { metric: '' }] = namesIn(expr).selectors;
      const kept = namesIn(expr).groupings[0] ?? known.get(metric) ?? [];
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '');
      expect(named.filter((label) => !kept.includes(label))).toEqual([]);
    }
  });
});

test('the dashboard names runbooks that exist', () => {
  const named = [...text.matchAll(/Runbook: (\w+)\./g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(alerts.map(({ alert }) => alert)).toContain(name);
});

test('every recording rule is shown in the dashboard or used by another rule', () => {
  const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const asked = [...shown, ...alerts.map(({ expr }) => expr), ...recordings.map(({ expr }) => expr)].join('\n');
  expect(recordings.filter(({ record }) => !asked.includes(record))).toEqual([]);
});
