import { Resolver } from 'node:dns/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bridge } from './network.ts';
import type { Processes } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/**
 * Names outside of the cluster are answered only when `BERTH_DEV_INTERNET=1`, so that no test that lost its stand-in
 * ever reaches the real WhatsApp.
 */
const corefile = (kubeconfig: string, internet: boolean) => `.:53 {
  bind ${bridge.address}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
  }
${internet ? '  forward . /etc/resolv.conf\n' : ''}}
`;

/** Starts CoreDNS on the node's address unless it runs. */
export async function startCoreDns(dir: string, processes: Processes, binary: string): Promise<void> {
  const file = join(dir, 'Corefile');
  await writeFile(file, corefile(join(dir, 'kubeconfig'), process.env['BERTH_DEV_INTERNET'] === '1'));
  await processes.start('coredns', binary, ['-conf', file]);
}

/** Waits until the cluster's DNS knows the API server's Service. */
export async function waitForCoreDns(processes: Processes): Promise<void> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([bridge.address]);
  await waitUntil('DNS answer for "kubernetes.default.svc"', 30_000, async () => {
    await processes.mustRun('coredns');
    try {
      return { value: await resolver.resolve4('kubernetes.default.svc.cluster.local') };
    } catch (error) {
      return { seen: String(error) };
    }
  });
}
