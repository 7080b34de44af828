import { mustRun } from '../cluster/command.ts';
import { hasKind } from '../cluster/kind.ts';
import { nodeName } from '../cluster/kubelet.ts';
import { clusterDir } from '../cluster/paths.ts';
import { processesIn } from '../cluster/processes.ts';

/**
 * Stops the cluster's kubelet where it stands, as on a node that is cut off: containers live on, and nobody reports of
 * them. The node counts as not ready after 50 s. Whoever does this must call `thawKubelet`, whatever happens.
 */
export const freezeKubelet = (): Promise<void> => signalKubelet('SIGSTOP');

/** Lets the kubelet go on; harmless when it runs. */
export const thawKubelet = (): Promise<void> => signalKubelet('SIGCONT');

async function signalKubelet(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  if (!(await hasKind())) return processesIn(clusterDir).signal('kubelet', signal);
  const node = `${nodeName}-control-plane`; // As kind names it.
  await mustRun('docker', ['exec', node, 'systemctl', 'kill', `--signal=${signal}`, 'kubelet']);
}
