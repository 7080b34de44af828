import { readFileSync, writeFileSync } from 'node:fs';
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

/** What it is made from, and where it goes. */
export const chartReadme = { values: 'charts/berth/values.yaml', file: 'charts/berth/README.md' } as const;

/** One value of the chart. */
export interface ChartValue {
  /** For instance `image.operator.tag`. */
  readonly path: string;
  /** JSON. */
  readonly byDefault: string;
  /** Empty when nobody wrote any. */
  readonly comment: string;
}

/**
 * The values of a chart with the comments above them. A map whose fields have no comments is one value, told by its own; a map
 * whose fields have some is a group, in which each needs one.
 * @param text of values.yaml
 */
export function chartValues(text: string): ChartValue[] {
  const { contents, commentBefore } = parseDocument(text);
  if (!isMap(contents)) throw new TypeError('Cannot read the values: they are no map; write them as YAML');
  return valuesOf(contents, '', commentBefore);
}

/** @param above the comment above the map's first field, which YAML's parser gives to what surrounds it */
function valuesOf(map: YAMLMap, at: string, above: string | null | undefined): ChartValue[] {
  return map.items.flatMap((pair, index) => {
    const path = at === '' ? nameOf(pair) : `${at}.${nameOf(pair)}`;
    const comment = (index === 0 ? (map.commentBefore ?? above) : undefined) ?? commentOf(pair) ?? '';
    if (isMap(pair.value) && hasComment(pair.value)) return valuesOf(pair.value, path, undefined);
    const value = (pair.value as { toJSON(): unknown } | null)?.toJSON();
    return [{ path, byDefault: JSON.stringify(value ?? null), comment: comment.replace(/\s+/g, ' ').trim() }];
  });
}

const nameOf = ({ key }: Pair) => (isScalar(key) ? String(key.value) : String(key));
const commentOf = ({ key }: Pair) => (isScalar(key) ? key.commentBefore : undefined);

function hasComment(map: YAMLMap): boolean {
  if (map.commentBefore) return true;
  return map.items.some((pair) => commentOf(pair) || (isMap(pair.value) && hasComment(pair.value)));
}

/** The text of the chart's README. */
export function chartReadmeText(values: string): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = chartValues(values).map(
    ({ path, byDefault, comment }) => `| \`${path}\` | \`${cell(byDefault)}\` | ${cell(comment)} |`,
  );
  return [
    '# The chart of Berth',
    '',
    'Made by `make generate` from `values.yaml`; do not edit. Berth runs WhatsApp sessions on Kubernetes, one pod each, and tells',
    'of every end once.',
    '',
    '```sh',
    'helm install berth charts/berth --namespace berth-system --create-namespace --values my-values.yaml',
    'helm test berth --namespace berth-system --logs      # pairs nothing; what is wrong is named',
    'helm upgrade berth charts/berth --namespace berth-system --values my-values.yaml',
    'helm uninstall berth --namespace berth-system        # ends every run first; sessions and credentials stay',
    '```',
    '',
    '`helm upgrade` upgrades the definitions, too. A value that the chart does not know, or that is wrong, is refused by its name.',
    '',
    '**For an install that somebody is on call for:** `replicas: 2`, so that another operator takes over within seconds;',
    '`priorityClasses.create: true`, or a class of yours in `priorityClassName`; `networkPolicy.enabled: true` with the namespaces',
    'of your sessions ([how](../../docs/network-policy.md)); `monitoring.serviceMonitor.enabled: true` where the Prometheus',
    'Operator runs. One operator alone has no PodDisruptionBudget: it may be evicted, and its successor goes on.',
    '',
    '| value | default | what it is |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(chartReadme.file, chartReadmeText(readFileSync(chartReadme.values, 'utf8')));
