import { spawn } from 'node:child_process';
import { get } from 'node:http';
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
  return { baseUrl: `http://127.0.0.1:${local}`, close: () => child.kill('SIGTERM') };
}

/**
 * Waits until it leads to what serves `/healthz`. Each look is a connection of its own: before the node's proxy knows a
 * Service, a packet for its address leaves the node, and who answers there would be asked again and again (seen).
 */
export function untilServed({ baseUrl }: Reach): Promise<void> {
  return waitUntil(`answer from "${baseUrl}"`, 15_000, async () => {
    const seen = await statusOf(`${baseUrl}/healthz`);
    return seen === '200' ? { value: undefined } : { seen };
  });
}

function statusOf(url: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
    request.on('error', (error) => resolve(error.message));
  });
}

/** The address of a Service within the cluster. */
export async function serviceAddress(namespace: string, name: string): Promise<string> {
  return kubectl(['--namespace', namespace, 'get', 'service', name, '--output=jsonpath={.spec.clusterIP}']);
}
