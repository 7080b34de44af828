import { join } from 'node:path';
import type { CertificateAuthority } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { Processes } from './processes.ts';

/** What a client of the API server, started as a process, needs. */
export interface ControllerOptions {
  readonly dir: string;
  readonly processes: Processes;
  readonly binary: string;
  readonly authority: CertificateAuthority;
  /** Of the API server. */
  readonly url: string;
  /** On which it listens, on the loopback address alone. */
  readonly port: number;
}

/**
 * Starts the controller manager unless it runs. Leader election is off: there is no other.
 * @param options.controllers all of them unless told, as its flag takes them, for instance `['*', '-node-lifecycle-controller']`
 */
export async function startControllerManager(
  options: ControllerOptions & { readonly controllers?: readonly string[] },
): Promise<void> {
  const { dir, processes, binary, controllers = ['*'] } = options;
  await processes.start('kube-controller-manager', binary, [
    ...(await clientArguments(options, 'system:kube-controller-manager')),
    `--service-account-private-key-file=${join(dir, 'pki', 'sa.key')}`,
    `--root-ca-file=${join(dir, 'pki', 'ca.crt')}`,
    '--use-service-account-credentials',
    `--controllers=${controllers.join(',')}`,
  ]);
}

/** Starts the scheduler unless it runs. */
export async function startScheduler(options: ControllerOptions): Promise<void> {
  await options.processes.start(
    'kube-scheduler',
    options.binary,
    await clientArguments(options, 'system:kube-scheduler'),
  );
}

async function clientArguments(
  { dir, authority, url, port }: ControllerOptions,
  commonName: string,
): Promise<string[]> {
  const kubeconfig = join(dir, 'pki', `${commonName.replace('system:', '')}.kubeconfig`);
  await writeKubeconfig(kubeconfig, {
    url,
    caCertificate: authority.certificate,
    user: await authority.issue({ commonName }),
  });
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--leader-elect=false',
    '--profiling=false',
  ];
}
