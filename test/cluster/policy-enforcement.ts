import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceRange } from './api-server.ts';
import { ensureBinaries } from './binaries.ts';
import { mustRun, run } from './command.ts';
import { firewallCleanupRules } from './iptables-cleanup.ts';
import { nodeName } from './kubelet.ts';
import { ensurePrerequisites } from './prerequisites.ts';
import { processesIn } from './processes.ts';
import { waitUntil } from './wait-until.ts';

const kubeRouter = 'kube-router';
/** Lies in the cluster's folder from before the first rule until after the last: whoever finds it has to clean up. */
const marker = (dir: string) => join(dir, 'enforces-policies');

/**
 * Lets the bare cluster enforce NetworkPolicies, which it does not do by itself: by kube-router's firewall beside kube-proxy.
 * A connection that no policy allows is rejected, or gets no answer once the kernel has sent enough rejections. What the
 * node itself sends is always let through, and a pod is open until kube-router has heard of it, up to a second.
 * Whoever does this must call `stopPolicyEnforcement`, whatever happens; `make down` does it too.
 */
export async function startPolicyEnforcement(dir: string): Promise<void> {
  await ensurePrerequisites(); // A cluster that runs since before ipset was one of them lacks it.
  const { [kubeRouter]: binary } = await ensureBinaries([kubeRouter]);
  await stopPolicyEnforcement(dir);
  await writeFile(marker(dir), '');
  const processes = processesIn(dir);
  await processes.start(kubeRouter, binary, [
    '--run-firewall=true',
    '--run-router=false',
    '--run-service-proxy=false',
    '--run-loadbalancer=false',
    '--enable-cni=false',
    '--health-port=0',
    `--kubeconfig=${join(dir, 'kubeconfig')}`,
    `--hostname-override=${nodeName}`,
    `--service-cluster-ip-range=${serviceRange}`,
  ]);
  await waitUntil('firewall of kube-router', 30_000, async () => {
    await processes.mustRun(kubeRouter);
    const saved = await mustRun('iptables-save', ['-t', 'filter']);
    return saved.includes('-j KUBE-ROUTER-FORWARD') ? { value: undefined } : { seen: saved };
  });
}

/** Ends the enforcement and removes its rules and sets of addresses, also those of a run that was killed. */
export async function stopPolicyEnforcement(dir: string): Promise<void> {
  if (!existsSync(marker(dir))) return;
  await processesIn(dir).stop([kubeRouter], 3000);
  // Its own --cleanup-config panics on a kernel without IPVS.
  const rules = firewallCleanupRules(await mustRun('iptables-save', []));
  if (rules !== '') await mustRun('iptables-restore', ['--noflush'], { input: rules });
  // The kernel lets go of a set some time after the last rule that names it.
  await waitUntil('removal of the sets of kube-router', 10_000, async () => {
    const refusals = await Promise.all((await firewallSets()).map((set) => run('ipset', ['destroy', set])));
    const refused = refusals.find(({ status }) => status !== 0);
    return refused === undefined ? { value: undefined } : { seen: refused.stderr };
  });
  await rm(marker(dir), { force: true });
}

/** The names of the ipsets that kube-router keeps for policies, those that it swaps in among them. */
export async function firewallSets(): Promise<string[]> {
  const names = (await mustRun('ipset', ['list', '-name'])).split('\n');
  return names.filter((name) => /^(inet6:)?(KUBE-(SRC|DST)-|TMP-)/.test(name));
}
