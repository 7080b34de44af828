import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminApi, adminApi } from './admin-api.ts';
import { nodeName } from './kubelet.ts';

/** How many volumes are always free to be claimed. */
export const poolSize = 64;

interface PersistentVolume {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly local?: { readonly path: string } };
  readonly status?: { readonly phase?: string };
}
const path = '/api/v1/persistentvolumes';
const label = 'berth.dev/pool=local';

/** The pool's volumes are of kind `local`, because to those the kubelet applies a pod's fsGroup, unlike to hostPath. */
export const persistentVolume = (dir: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name, labels: { 'berth.dev/pool': 'local' } },
  spec: {
    capacity: { storage: '10Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: 'local',
    local: { path: join(dir, 'volumes', name) },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] },
        ],
      },
    },
  },
});

/**
 * One look: volumes whose claim is gone are removed with their data, and new ones are made until enough are free.
 * A folder is never used twice, so a process that outlived its claim can never write into a successor's data.
 */
export async function tendPool(api: AdminApi, dir: string): Promise<void> {
  const { items } = (await api.request('GET', `${path}?labelSelector=${label}`)) as { items?: PersistentVolume[] };
  const volumes = items ?? [];
  for (const { metadata, spec } of volumes.filter(({ status }) => status?.phase === 'Released')) {
    await api.request('DELETE', `${path}/${metadata.name}`);
    if (spec.local?.path.startsWith(join(dir, 'volumes'))) await rm(spec.local.path, { recursive: true, force: true });
  }
  const free = volumes.filter(
    ({ status }) => (status?.phase ?? 'Pending') === 'Available' || status?.phase === 'Pending',
  );
  for (let count = free.length; count < poolSize; count++) {
    const name = `local-${randomBytes(4).toString('hex')}`;
    await mkdir(join(dir, 'volumes', name), { recursive: true });
    await api.request('POST', path, persistentVolume(dir, name));
  }
}

/** Tends the pool after each change of a volume, for as long as the process lives. */
async function keepPool(kubeconfig: string, dir: string): Promise<never> {
  for (;;) {
    const [requests, watches] = [await adminApi(kubeconfig), await adminApi(kubeconfig)];
    const seen = { changes: true, end: false };
    const reading = noteChanges(watches, seen);
    try {
      while (!seen.end) {
        if (seen.changes) {
          seen.changes = false; // Before the look: a change that comes during it asks for another one.
          await tendPool(requests, dir);
        }
        await sleep(betweenLooksMs);
      }
      await reading;
    } catch (error) {
      console.error(new Date().toISOString(), error);
      await sleep(1000);
    } finally {
      await Promise.all([requests.close(), watches.close()]);
    }
  }
}

/** Changes come in bursts: one look serves all that came since the last. */
const betweenLooksMs = 250;

async function noteChanges(api: AdminApi, seen: { changes: boolean; end: boolean }): Promise<void> {
  try {
    const changes = api.watch(`${path}?watch=true&labelSelector=${label}&timeoutSeconds=300`);
    for await (const _ of changes) seen.changes = true;
  } catch (error) {
    console.error(new Date().toISOString(), error); // The next round opens another watch.
  } finally {
    seen.end = true;
  }
}

// `make up` starts it beside the cluster's own processes.
if (import.meta.main) {
  const [kubeconfig, dir] = process.argv.slice(2);
  if (kubeconfig === undefined || dir === undefined) throw new Error('Cannot keep volumes: pass kubeconfig and folder');
  await keepPool(kubeconfig, dir);
}
