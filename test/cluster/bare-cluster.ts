import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdminApi, adminApi } from './admin-api.ts';
import { startEtcdAndApiServer } from './api-server.ts';
import { clusterBinaries, ensureBinaries } from './binaries.ts';
import { openCertificateAuthority } from './certificates.ts';
import { startContainerd } from './containerd.ts';
import { startControllerManager, startScheduler } from './controllers.ts';
import { startCoreDns, waitForCoreDns } from './coredns.ts';
import { withExclusiveLock } from './exclusive-lock.ts';
import { ensurePauseImage } from './images/pause-image.ts';
import { nodeName, startKubelet, startKubeProxy } from './kubelet.ts';
import { bridge, createNetwork } from './network.ts';
import { clusterLock } from './paths.ts';
import { freePorts } from './ports.ts';
import { ensurePrerequisites } from './prerequisites.ts';
import { type Processes, processesIn } from './processes.ts';
import { step } from './progress.ts';
import { clearAway } from './stop-bare-cluster.ts';
import { waitUntil } from './wait-until.ts';

/** Everything that `make up` starts, in the order of need. `make down` ends them in the reverse. */
export const clusterProcesses = [
  'containerd',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
  'volume-pool',
] as const;

const preferredPorts = {
  etcd: 2379,
  etcdPeer: 2380,
  apiServer: 6443,
  controllerManager: 10257,
  scheduler: 10259,
  kubelet: 10250,
  kubeletHealth: 10248,
  proxyHealth: 10256,
  proxyMetrics: 10249,
};

/** Whether every process of the cluster runs and the node is ready. */
export async function isHealthy(dir: string): Promise<boolean> {
  const processes = processesIn(dir);
  for (const name of clusterProcesses) if (!(await processes.isRunning(name))) return false;
  const api = await adminApi(join(dir, 'kubeconfig'));
  try {
    return (await readinessOfNode(api)) === 'True';
  } catch {
    return false; // Running but not answering: starting it again brings the reason to light.
  } finally {
    await api.close();
  }
}

/**
 * Starts the one-node cluster on bare processes: about 15 seconds once its programs are built.
 * What runs already is left running; what is left of a cluster that died is cleared away first.
 */
export async function startBareCluster(dir: string): Promise<void> {
  await ensurePrerequisites();
  const binaries = await ensureBinaries(clusterBinaries);
  await withExclusiveLock(clusterLock, async () => {
    if (await isHealthy(dir).catch(() => false)) return;
    const processes = processesIn(dir);
    const running = await Promise.all((await processes.names()).map((name) => processes.isRunning(name)));
    if (running.length > 0 && !running.includes(true)) await clearAway(dir);
    await step('Starting the cluster', '15 s', () => start(dir, processes, binaries));
  });
}

async function start(
  dir: string,
  processes: Processes,
  binaries: Awaited<ReturnType<typeof ensureBinaries<(typeof clusterBinaries)[number]>>>,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  const ports = await rememberedPorts(dir);
  const authority = await openCertificateAuthority(dir, 'berth-dev-ca');
  const { bridgedPacketsAreFiltered } = await createNetwork(dir);
  const containerd = startContainerd(dir, processes).then(() => ensurePauseImage(dir));
  const apiServer = startEtcdAndApiServer({
    dir,
    processes,
    binaries,
    authority,
    ports,
    address: bridge.address,
    withNodes: true,
    withServiceAccounts: true,
  });
  const [{ url, kubeconfig }] = await Promise.all([apiServer, containerd]);
  const client = { dir, processes, authority, url };
  await Promise.all([
    startControllerManager({ ...client, binary: binaries['kube-controller-manager'], port: ports.controllerManager }),
    startScheduler({ ...client, binary: binaries['kube-scheduler'], port: ports.scheduler }),
    startKubelet({ ...client, binaries, ports }),
    startKubeProxy({ ...client, binaries, ports }, bridgedPacketsAreFiltered),
    startCoreDns(dir, processes, binaries.coredns),
  ]);
  const api = await adminApi(kubeconfig);
  try {
    await api.apply('/apis/storage.k8s.io/v1/storageclasses/local', storageClass);
    const pool = join(import.meta.dirname, 'volume-pool.ts');
    await processes.start('volume-pool', process.execPath, [pool, kubeconfig, dir]);
    await Promise.all([waitForNode(api, processes), waitForDefaultServiceAccount(api), waitForCoreDns(processes)]);
  } finally {
    await api.close();
  }
}

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'kubernetes.io/no-provisioner', // volume-pool.ts keeps volumes at hand.
  volumeBindingMode: 'WaitForFirstConsumer',
};

/** A cluster that is started again, after some of its processes died, has to keep the ports that its parts know. */
async function rememberedPorts(dir: string): Promise<typeof preferredPorts> {
  const file = join(dir, 'ports.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as typeof preferredPorts;
  const ports = await freePorts(preferredPorts, '0.0.0.0');
  await writeFile(file, JSON.stringify(ports));
  return ports;
}

interface Node {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
}

async function readinessOfNode(api: AdminApi): Promise<string> {
  const { status, spec } = (await api.request('GET', `/api/v1/nodes/${nodeName}`)) as Node;
  const taints = spec?.taints?.map(({ key }) => key) ?? [];
  if (taints.length > 0) return `tainted ${taints.join(', ')}`;
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown';
}

async function waitForNode(api: AdminApi, processes: Processes): Promise<void> {
  await waitUntil('ready node', 60_000, async () => {
    for (const name of clusterProcesses) await processes.mustRun(name);
    const seen = await readinessOfNode(api).catch((error: Error) => error.message);
    return seen === 'True' ? { value: undefined } : { seen };
  });
}

async function waitForDefaultServiceAccount(api: AdminApi): Promise<void> {
  await waitUntil('default ServiceAccount', 30_000, async () => {
    try {
      return { value: await api.request('GET', '/api/v1/namespaces/default/serviceaccounts/default') };
    } catch (error) {
      return { seen: String(error) };
    }
  });
}
