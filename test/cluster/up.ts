import { isHealthy, startBareCluster } from './bare-cluster.ts';
import { hasKind, isKindClusterUp, startKindCluster } from './kind.ts';
import { clusterDir, kubeconfigPath } from './paths.ts';
import { say } from './progress.ts';

/** Starts the development cluster, of whichever kind this machine can run, unless it runs. */
export async function up(): Promise<void> {
  if (await isUp()) return;
  await ((await hasKind()) ? startKindCluster() : startBareCluster(clusterDir));
}

/** Whether the cluster that `up` would start runs. */
export async function isUp(): Promise<boolean> {
  return (await isHealthy(clusterDir).catch(() => false)) || ((await hasKind()) && (await isKindClusterUp()));
}

if (import.meta.main) {
  await up();
  say(`The cluster is up: export KUBECONFIG=${kubeconfigPath}`);
}
