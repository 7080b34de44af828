import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { metricsOf } from '../../builders/metrics.ts';
import { projectDir } from '../../cluster/paths.ts';
import { namesIn } from './promql.ts';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

/** The rules that the chart ships. */
export async function readRules(): Promise<{ readonly alerts: Alert[]; readonly recordings: Recording[] }> {
  const text = await readFile(join(projectDir, 'charts', 'berth', 'files', 'rules.yaml'), 'utf8');
  const rules = (parse(text) as { groups: { rules: (Alert | Recording)[] }[] }).groups.flatMap((group) => group.rules);
  return {
    alerts: rules.filter((rule) => 'alert' in rule),
    recordings: rules.filter((rule) => 'record' in rule),
  };
}

/** Labels that a scrape puts on everything. */
export const targetLabels = ['job', 'instance'];

/** Every series that the operator serves or a recording rule makes, by name, with its labels. */
export async function knownSeries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { registry } = metricsOf();
  const known = new Map<string, readonly string[]>();
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
    const suffixes = String(type) === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const suffix of suffixes)
      known.set(`${name}${suffix}`, [...labelNames, ...(suffix === '_bucket' ? ['le'] : []), ...targetLabels]);
  }
  for (const { record, expr } of (await readRules()).recordings) known.set(record, namesIn(expr).groupings[0] ?? []);
  return known;
}

/** What an expression names that is nowhere served or recorded: metrics, and labels of them. */
export function unknownIn(expression: string, known: ReadonlyMap<string, readonly string[]>): string[] {
  const { selectors, groupings } = namesIn(expression);
  const ofAny = selectors.flatMap(({ metric }) => known.get(metric) ?? []);
  return [
    ...selectors.flatMap(({ metric, labels }) => {
      const has = known.get(metric);
      if (has === undefined) return [metric];
      return labels.filter((label) => !has.includes(label)).map((label) => `${metric}{${label}}`);
    }),
    ...groupings.flat().filter((label) => !ofAny.includes(label)),
  ];
}
