import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { ApiError, isConflict, isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { ObjectMeta } from '@berth/operator/resource/object-meta.ts';
import { ensureScriptedNode } from './scripted-node.ts';

interface Pod {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly nodeName?: string };
}

/** One process that the kubelet ran, by the test's clock: the witness that two runs never overlapped. */
export interface ScriptedProcess {
  readonly podUid: string;
  readonly podName: string;
  readonly startedAtMs: number;
  endedAtMs?: number;
}

export interface ScriptedKubelet {
  readonly processes: readonly ScriptedProcess[];
  /** Ends the process of a pod as a crash does. */
  crash(podName: string): Promise<void>;
  /** Cuts the node off: it sees nothing and reports nothing, and its processes live on, until `comeBack`. */
  cutOff(): void;
  comeBack(): void;
  stop(): Promise<void>;
}

/** Milliseconds until a process that ignores SIGTERM is dead, as measured on the real kubelet, and until that is reported. */
const deathMs = 200;
const reportMs = 50;

/**
 * Does to pods in one namespace what a kubelet does, without containers: binds, starts, reports, ends on deletion. Only for
 * tests of the operator alone with a real API server; everything that is about processes runs on the real kubelet.
 */
export function startScriptedKubelet(
  client: KubernetesClient,
  namespace: string,
  nodeName = 'scripted',
  /** How much the node's clock is fast, in milliseconds. */
  clockSkewMs = 0,
): ScriptedKubelet {
  const now = () => new Date(Date.now() + clockSkewMs).toISOString();
  let connection = Promise.withResolvers<void>();
  connection.resolve();
  const processes: ScriptedProcess[] = [];
  const ending = new Set<string>();
  const stopped = new AbortController();
  const alive = (uid: string) => processes.find(({ podUid, endedAtMs }) => podUid === uid && endedAtMs === undefined);

  async function patchStatus(name: string, uid: string, status: object): Promise<void> {
    const body = { metadata: { uid }, status };
    try {
      await client.request({
        method: 'PATCH',
        path: `${path.pod(namespace, name)}/status`,
        contentType: mergePatch,
        body,
      });
    } catch (error) {
      if (!isNotFound(error) && !isAnothersName(error)) throw error; // Removed by force meanwhile, or has a successor.
    }
  }

  const statusOf = (name: string, phase: string, ready: boolean, state: object) => ({
    phase,
    podIP: '127.0.0.1',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: now() }],
    containerStatuses: [{ name: 'session', ready, restartCount: 0, image: name, imageID: '', state }],
  });

  async function run({ metadata: { name, uid } }: Pod): Promise<void> {
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    };
    try {
      await client.request({ method: 'POST', path: `${path.pod(namespace, name)}/binding`, body });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return; // Deleted before it was bound.
      throw error;
    }
    processes.push({ podUid: uid, podName: name, startedAtMs: performance.now() });
    await patchStatus(name, uid, statusOf(name, 'Running', true, { running: { startedAt: now() } }));
  }

  async function end(name: string, uid: string, exitCode: number, afterMs: number): Promise<void> {
    if (ending.has(uid)) return;
    ending.add(uid);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const process = alive(uid);
    if (process !== undefined) process.endedAtMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, reportMs));
    const terminated = {
      exitCode,
      reason: 'Error',
      finishedAt: now(),
      startedAt: now(),
    };
    await patchStatus(name, uid, statusOf(name, exitCode === 0 ? 'Succeeded' : 'Failed', false, { terminated }));
  }

  async function see(pod: Pod, gone: boolean): Promise<void> {
    const { name, uid, deletionTimestamp } = pod.metadata;
    await connection.promise;
    if (pod.spec?.nodeName !== undefined && pod.spec.nodeName !== nodeName) return; // Another kubelet's.
    if (gone || deletionTimestamp !== undefined) await end(name, uid, 137, deathMs);
    else if (pod.spec?.nodeName === undefined) await run(pod);
  }

  const failures: unknown[] = [];
  const seeing = new Set<Promise<void>>();
  async function watch(): Promise<void> {
    await ensureScriptedNode(client, nodeName);
    const list = await client.request<{ metadata: { resourceVersion: string }; items: Pod[] }>({
      method: 'GET',
      path: path.pods(namespace),
    });
    const act = (pod: Pod, gone: boolean) => {
      const done = see(pod, gone)
        .catch((error: unknown) => failures.push(error))
        .then(() => undefined)
        .finally(() => seeing.delete(done));
      seeing.add(done);
    };
    for (const pod of list.items) act(pod, false);
    const query = { watch: 'true', resourceVersion: list.metadata.resourceVersion };
    const request = { path: path.pods(namespace), query, idleTimeoutMs: 600_000, signal: stopped.signal };
    for await (const { type, object } of client.watch(request))
      if (type !== 'BOOKMARK') act(object as unknown as Pod, type === 'DELETED');
  }
  const watching = watch().catch((error: unknown) => {
    if (!stopped.signal.aborted) failures.push(error);
  });

  return {
    processes,
    async crash(podName) {
      const process = processes.findLast((each) => each.podName === podName && each.endedAtMs === undefined);
      if (process === undefined) throw new Error(`Cannot crash "${podName}": it has no process; wait until it runs`);
      await end(podName, process.podUid, 1, 0);
    },
    cutOff() {
      connection = Promise.withResolvers<void>();
    },
    comeBack: () => connection.resolve(),
    async stop() {
      stopped.abort();
      connection.resolve();
      await watching;
      await Promise.all(seeing);
      if (failures.length > 0) throw new AggregateError(failures, 'The scripted kubelet failed');
    },
  };
}

/** The uid in a patch is not that of the object. */
const isAnothersName = (error: unknown) => error instanceof ApiError && error.status === 422;
