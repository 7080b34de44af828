import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the definitions are written by hand, and where the chart has its copies: a link would not be packaged by every helm. */
export const crdFolders = { source: 'crds', chart: 'charts/berth/files/crds' } as const;

/** Puts each definition into the chart. */
async function copyCrdsIntoChart(): Promise<void> {
  await mkdir(crdFolders.chart, { recursive: true });
  for (const file of (await readdir(crdFolders.source)).filter((name) => name.endsWith('.yaml')))
    await copyFile(join(crdFolders.source, file), join(crdFolders.chart, file));
}

if (import.meta.main) await copyCrdsIntoChart();
