import { hasKind, stopKindCluster } from './kind.ts';
import { clusterDir } from './paths.ts';
import { say } from './progress.ts';
import { stopBareCluster } from './stop-bare-cluster.ts';

/** Ends exactly what `up` started; does nothing where nothing runs. */
export async function down(): Promise<void> {
  if (await hasKind()) await stopKindCluster();
  await stopBareCluster(clusterDir);
}

if (import.meta.main) {
  await down();
  say('The cluster is down');
}
