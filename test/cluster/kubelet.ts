import { mkdir, readdir, readlink, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeKeyPair } from './api-server.ts';
import type { CertificateAuthority } from './certificates.ts';
import { containerdSocket } from './containerd.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { bridge } from './network.ts';
import type { Processes } from './processes.ts';

/** The one node's name. */
export const nodeName = 'berth-dev';

/** What the kubelet and kube-proxy need. */
export interface NodeOptions {
  readonly dir: string;
  readonly processes: Processes;
  readonly binaries: Readonly<Record<'kubelet' | 'kube-proxy', string>>;
  readonly authority: CertificateAuthority;
  readonly url: string;
  readonly ports: Readonly<Record<'kubelet' | 'kubeletHealth' | 'proxyHealth' | 'proxyMetrics', number>>;
}

/** Starts the kubelet unless it runs. */
export async function startKubelet(options: NodeOptions): Promise<void> {
  const { dir, processes, binaries, authority, ports } = options;
  await mkdir(join(dir, 'log', 'pods'), { recursive: true });
  const server = await authority.issue({ commonName: nodeName, dnsNames: [nodeName], addresses: [bridge.address] });
  await writeKeyPair(dir, 'kubelet-server', server);
  const kubeconfig = await clientKubeconfig(options, 'node', `system:node:${nodeName}`, 'system:nodes');
  const configuration = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    enforceNodeAllocatable: [],
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${containerdSocket(dir)}`,
    clusterDNS: [bridge.address],
    clusterDomain: 'cluster.local',
    resolvConf: '/dev/null', // Pods resolve through the cluster's DNS alone.
    address: bridge.address,
    port: ports.kubelet,
    healthzBindAddress: '127.0.0.1',
    healthzPort: ports.kubeletHealth,
    tlsCertFile: join(dir, 'pki', 'kubelet-server.crt'),
    tlsPrivateKeyFile: join(dir, 'pki', 'kubelet-server.key'),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(dir, 'pki', 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100, // Never: images cannot be pulled again.
    maxPods: 250,
    podLogsDir: join(dir, 'log', 'pods'),
    volumePluginDir: join(dir, 'kubelet', 'volume-plugins'),
    nodeStatusUpdateFrequency: '4s',
    eventRecordQPS: 50,
    eventBurst: 100,
  };
  await writeFile(join(dir, 'kubelet.json'), JSON.stringify(configuration));
  await processes.start('kubelet', binaries.kubelet, [
    `--config=${join(dir, 'kubelet.json')}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${bridge.address}`,
    `--root-dir=${join(dir, 'kubelet')}`,
    `--cert-dir=${join(dir, 'pki', 'kubelet')}`,
  ]);
}

/** Starts kube-proxy unless it runs. */
export async function startKubeProxy(options: NodeOptions, bridgedPacketsAreFiltered: boolean): Promise<void> {
  const { dir, processes, binaries, ports } = options;
  const configuration = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: await clientKubeconfig(options, 'kube-proxy', 'system:kube-proxy') },
    mode: 'iptables',
    // Where an answer over the bridge bypasses iptables it has to come back by way of the node.
    iptables: { masqueradeAll: !bridgedPacketsAreFiltered },
    clusterCIDR: bridge.range,
    hostnameOverride: nodeName,
    bindAddress: bridge.address,
    healthzBindAddress: `127.0.0.1:${ports.proxyHealth}`,
    metricsBindAddress: `127.0.0.1:${ports.proxyMetrics}`,
    nodePortAddresses: ['127.0.0.0/8'],
    conntrack: { maxPerCore: 0, min: null, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
  await writeFile(join(dir, 'kube-proxy.json'), JSON.stringify(configuration));
  await processes.start('kube-proxy', binaries['kube-proxy'], [`--config=${join(dir, 'kube-proxy.json')}`]);
}

async function clientKubeconfig(
  { dir, url, authority }: NodeOptions,
  name: string,
  commonName: string,
  organization?: string,
): Promise<string> {
  const path = join(dir, 'pki', `${name}.kubeconfig`);
  const user = await authority.issue({ commonName, ...(organization === undefined ? {} : { organization }) });
  await writeKubeconfig(path, { url, caCertificate: authority.certificate, user });
  return path;
}

/** Removes what the kubelet leaves outside of its folder: empty cgroups, and links to logs in /var/log/containers. */
export async function removeKubeletTraces(dir: string): Promise<void> {
  const hierarchies = [
    '/sys/fs/cgroup',
    ...(await foldersIn('/sys/fs/cgroup')).map((name) => join('/sys/fs/cgroup', name)),
  ];
  for (const hierarchy of hierarchies) await removeCgroup(join(hierarchy, 'kubepods'));
  const links = '/var/log/containers';
  for (const name of await readdir(links).catch(() => [] as string[])) {
    const target = await readlink(join(links, name)).catch(() => '');
    if (target.startsWith(join(dir, 'log'))) await rm(join(links, name));
  }
}

async function removeCgroup(path: string): Promise<void> {
  for (const name of await foldersIn(path)) await removeCgroup(join(path, name));
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'EBUSY') throw error; // Busy: another kubelet's pods.
  });
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
