import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun, run } from './command.ts';
import { cleanupRules } from './iptables-cleanup.ts';

/** The bridge that pods hang on. The node is its first address: API server, kubelet and DNS listen there and nowhere else. */
export const bridge = { name: 'berth0', address: '10.88.0.1', range: '10.88.0.0/16' } as const;
/** The name that CNI's own iptables comments carry. */
const networkName = 'berth-dev';

const sysctls = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/route_localnet': '1',
  'net/bridge/bridge-nf-call-iptables': '1',
} as const;

/**
 * Makes the bridge and lets packets through it. What the kernel's settings were is written down for `removeNetwork`.
 * @returns whether bridged packets pass iptables; where not, Services work only with masquerading.
 */
export async function createNetwork(dir: string): Promise<{ bridgedPacketsAreFiltered: boolean }> {
  if ((await run('ip', ['link', 'show', bridge.name])).status !== 0)
    await mustRun('ip', ['link', 'add', bridge.name, 'type', 'bridge']);
  await mustRun('ip', ['addr', 'replace', `${bridge.address}/16`, 'dev', bridge.name]);
  await mustRun('ip', ['link', 'set', bridge.name, 'up']);
  const before = await Promise.all(Object.keys(sysctls).map(async (name) => [name, await readSysctl(name)] as const));
  const file = join(dir, 'sysctls.json');
  await writeFile(file, JSON.stringify(Object.fromEntries(before)), { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error; // An earlier, interrupted start knows the true values.
  });
  for (const [name, value] of Object.entries(sysctls))
    if ((await readSysctl(name)) !== undefined) await writeFile(`/proc/sys/${name}`, value);
  return { bridgedPacketsAreFiltered: (await readSysctl('net/bridge/bridge-nf-call-iptables')) === '1' };
}

/** What the container runtime asks the CNI plugins for. Addresses are kept below the cluster's folder. */
export const cniConfiguration = (dir: string) => ({
  cniVersion: '0.4.0',
  name: networkName,
  plugins: [
    {
      type: 'bridge',
      bridge: bridge.name,
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(dir, 'cni', 'networks'),
        ranges: [[{ subnet: bridge.range }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  ],
});

/** Removes the bridge, kube-proxy's and our CNI network's iptables chains, and puts the kernel's settings back. */
export async function removeNetwork(dir: string): Promise<void> {
  if ((await run('ip', ['link', 'show', bridge.name])).status === 0) {
    for (const veth of await linksOf(bridge.name)) await run('ip', ['link', 'delete', veth]);
    await mustRun('ip', ['link', 'delete', bridge.name]);
  }
  for (const tool of ['iptables', 'ip6tables']) {
    const saved = await run(`${tool}-save`, []);
    const rules = cleanupRules(saved.stdout, networkName);
    if (rules !== '') await mustRun(`${tool}-restore`, ['--noflush'], { input: rules });
  }
  await removeCniResults(dir);
  const before = await readFile(join(dir, 'sysctls.json'), 'utf8').catch(() => '{}');
  for (const [name, value] of Object.entries(JSON.parse(before) as Record<string, string>))
    await writeFile(`/proc/sys/${name}`, value);
}

const linksOf = async (master: string) => readdir(`/sys/class/net/${master}/brif`).catch(() => [] as string[]);

/** The CNI library keeps the result of each sandbox outside of what can be configured. */
async function removeCniResults(dir: string): Promise<void> {
  const folder = '/var/lib/cni/results';
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const file = join(folder, name);
    if ((await readFile(file, 'utf8')).includes(`${dir}/`)) await rm(file); // It tells the sandbox's namespace.
  }
}

async function readSysctl(name: string): Promise<string | undefined> {
  return (await readFile(`/proc/sys/${name}`, 'utf8').catch(() => undefined))?.trim();
}
