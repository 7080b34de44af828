import { spawn } from 'node:child_process';
import { ensureBinaries } from '../cluster/binaries.ts';
import { hasKind } from '../cluster/kind.ts';
import { kubeconfigPath } from '../cluster/paths.ts';
import { freePorts } from '../cluster/ports.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { kubectl } from './kubectl.ts';

/** A way from this machine to a Service. */
export interface Reach {
  readonly baseUrl: string;
  close(): void;
}

/** Opens a way to one port of a Service: its own address on the bare cluster, a forwarded port on kind. */
export async function reachService(namespace: string, name: string, port: number): Promise<Reach> {
  if (!(await hasKind()))
    return { baseUrl: `http://${await serviceAddress(namespace, name)}:${port}`, close: () => undefined };
  const { local } = await freePorts({ local: 20_000 + port }, '127.0.0.1');
  const tool = (await ensureBinaries(['kubectl'])).kubectl;
  const child = spawn(tool, ['--namespace', namespace, 'port-forward', `service/${name}`, `${local}:${port}`], {
    env: { ...process.env, KUBECONFIG: kubeconfigPath },
    stdio: 'ignore',
  });
  const baseUrl = `http://127.0.0.1:${local}`;
  await waitUntil(`answer through the port forwarded to "${name}"`, 15_000, async () => {
    const answer = await fetch(`${baseUrl}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(String);
    return typeof answer === 'string' ? { seen: answer } : { value: undefined };
  });
  return { baseUrl, close: () => child.kill('SIGTERM') };
}

/** The address of a Service within the cluster. */
export async function serviceAddress(namespace: string, name: string): Promise<string> {
  return kubectl(['--namespace', namespace, 'get', 'service', name, '--output=jsonpath={.spec.clusterIP}']);
}
