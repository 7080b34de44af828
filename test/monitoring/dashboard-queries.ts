import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectDir } from '../cluster/paths.ts';

/** All that the dashboard asks Prometheus for, its variables filled in as Grafana does it for all namespaces. */
export async function dashboardQueries(): Promise<string[]> {
  const file = join(projectDir, 'charts', 'berth', 'files', 'dashboards', 'berth.json');
  const { panels } = JSON.parse(await readFile(file, 'utf8')) as { panels: { targets?: { expr: string }[] }[] };
  return panels
    .flatMap(({ targets = [] }) => targets)
    .map(({ expr }) => expr.replaceAll('$namespace', '.*').replaceAll('$__rate_interval', '1m'));
}
