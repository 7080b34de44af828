import { isHealthy, startBareCluster } from './bare-cluster.ts';
import { hasKind, startKindCluster } from './kind.ts';
import { clusterDir, kubeconfigPath } from './paths.ts';
import { say } from './progress.ts';

/** Starts the development cluster, of whichever kind this machine can run, unless it runs. */
export async function up(): Promise<void> {
  if (await isHealthy(clusterDir).catch(() => false)) return;
  await ((await hasKind()) ? startKindCluster() : startBareCluster(clusterDir));
}

if (import.meta.main) {
  await up();
  say(`The cluster is up: export KUBECONFIG=${kubeconfigPath}`);
}
