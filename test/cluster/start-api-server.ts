import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminApi } from './admin-api.ts';
import { startEtcdAndApiServer } from './api-server.ts';
import { applyCrds } from './apply-crds.ts';
import { apiServerBinaries, type Binary, ensureBinaries } from './binaries.ts';
import { openCertificateAuthority } from './certificates.ts';
import { startControllerManager } from './controllers.ts';
import { freePorts } from './ports.ts';
import { processesIn, startTimeOf } from './processes.ts';

/** An API server of a test's own, with Berth's CRDs. */
export interface TestApiServer {
  /** The admin's. */
  readonly kubeconfigPath: string;
  readonly url: string;
  /** One JSON event a line: metadata of all requests, bodies of writes on pods and on Berth's resources. */
  readonly auditLogPath: string;
  /** Ends it and removes all that it wrote. */
  stop(): Promise<void>;
}

export interface TestApiServerOptions {
  readonly controllerManager?: boolean;
  /**
   * Whether each node that a test binds pods to is an object with a live Lease; true unless told. Where it is not, the
   * controller manager runs without the controllers that would remove such pods after 40 s.
   */
  readonly nodesAreObjects?: boolean;
}

const nodeControllers = ['pod-garbage-collector', 'node-lifecycle', 'taint-eviction'];
const controller = 'kube-controller-manager';
const prefix = 'berth-api-server-';

/**
 * Starts etcd and an API server on free ports, in a folder of their own, and applies the CRDs: about 5 seconds.
 * Needs no root. Pods can be created but nothing runs them. Without a controller manager, pods get no token and a
 * deleted namespace stays `Terminating`.
 */
export async function startApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const { controllerManager = false, nodesAreObjects = true } = options;
  await removeAbandoned();
  const binaries = await ensureBinaries<Binary>([
    ...apiServerBinaries,
    ...(controllerManager ? ([controller] as const) : []),
  ]);
  const dir = await mkdtemp(join(tmpdir(), prefix));
  const processes = processesIn(dir);
  const stop = async () => {
    await processes.stop([controller, 'kube-apiserver', 'etcd'], 500);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await writeFile(join(dir, 'owner'), JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
    const ports = await freePorts({ etcd: 0, etcdPeer: 0, apiServer: 0, controllerManager: 0 });
    const authority = await openCertificateAuthority(dir, 'berth-test-ca');
    const { url, kubeconfig } = await startEtcdAndApiServer({
      dir,
      processes,
      binaries,
      authority,
      ports,
      address: '127.0.0.1',
      withNodes: false,
      withServiceAccounts: controllerManager,
    });
    if (controllerManager)
      await startControllerManager({
        dir,
        processes,
        binary: binaries[controller],
        authority,
        url,
        port: ports.controllerManager,
        ...(nodesAreObjects ? {} : { controllers: ['*', ...nodeControllers.map((name) => `-${name}-controller`)] }),
      });
    const api = await adminApi(kubeconfig);
    try {
      await applyCrds(api);
    } finally {
      await api.close();
    }
    return { kubeconfigPath: kubeconfig, url, auditLogPath: join(dir, 'log', 'audit.log'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ends the servers of test runs that were killed before they could do it. */
async function removeAbandoned(): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter((entry) => entry.startsWith(prefix))) {
    const dir = join(tmpdir(), name);
    const text = await readFile(join(dir, 'owner'), 'utf8').catch(() => undefined);
    if (text === undefined) continue; // It is just being made, or just being removed.
    const owner = JSON.parse(text) as { pid: number; startTime: string };
    if (startTimeOf(owner.pid) === owner.startTime) continue;
    const processes = processesIn(dir);
    await processes.stop(await processes.names(), 500);
    await rm(dir, { recursive: true, force: true });
  }
}
