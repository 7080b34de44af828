import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesClient, mergePatch } from '@berth/operator/kubernetes/client.ts';
import { createKubernetesClient } from '@berth/operator/kubernetes/create-client.ts';
import { isAlreadyExists, isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { apiVersion, path } from '@berth/operator/resource/names.ts';
import type { ObjectMeta } from '@berth/operator/resource/object-meta.ts';
import type { SessionEnd } from '@berth/operator/resource/session-end.ts';
import type { WhatsAppSession, WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { waitUntil } from '../cluster/wait-until.ts';

interface ContainerStatus {
  readonly state?: { readonly running?: { readonly startedAt: string }; readonly terminated?: object };
}

export interface Pod {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string; readonly containerStatuses?: readonly ContainerStatus[] };
}

/** A namespace of its own on a real API server, with the words that a test about sessions needs. */
export interface SessionWorld {
  readonly client: KubernetesClient;
  readonly namespace: string;
  apply(name: string, spec?: Partial<WhatsAppSessionSpec>): Promise<WhatsAppSession>;
  patch(name: string, spec: Record<string, unknown>): Promise<void>;
  remove(name: string): Promise<void>;
  session(name: string): Promise<WhatsAppSession | undefined>;
  pod(name: string): Promise<Pod | undefined>;
  ends(name: string): Promise<SessionEnd[]>;
  /** Waits until the session fulfils `is`, and says what it was last when it does not in time. */
  until(
    name: string,
    what: string,
    is: (session: WhatsAppSession) => boolean,
    timeoutMs?: number,
  ): Promise<WhatsAppSession>;
  untilGone(name: string, timeoutMs?: number): Promise<void>;
  untilPod(name: string, what: string, is: (pod: Pod) => boolean, timeoutMs?: number): Promise<Pod>;
  untilRunning(name: string): Promise<Pod>;
  /** Waits until the session is stopped and its last run is closed. */
  untilStopped(name: string, timeoutMs?: number): Promise<WhatsAppSession>;
  untilEnds(name: string, count: number, timeoutMs?: number): Promise<SessionEnd[]>;
  close(): Promise<void>;
}

let made = 0;

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Makes a fresh namespace on the API server of a kubeconfig.
 * @param patienceMs milliseconds that are waited, unless told, for what takes well under a second when all is well
 * @param lookEveryMs milliseconds between two looks at what is waited for
 */
export async function createSessionWorld(
  kubeconfigPath: string,
  prefix: string,
  { patienceMs = 20_000, lookEveryMs = 100 } = {},
): Promise<SessionWorld> {
  const client = createKubernetesClient({
    kubeconfigPath,
    userAgent: 'berth-test',
    fetchTimeouts: { connectMs: 15_000, requestMs: 30_000 }, // The machine may be busy with all that is tested at the moment.
  });
  const namespace = `${prefix}-${process.pid}-${++made}`;
  await client.request({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  });
  await ensureServiceAccount(client, namespace);

  const wait = <T>(what: string, timeoutMs: number, look: Parameters<typeof waitUntil<T>>[2]) =>
    waitUntil(what, timeoutMs, look, lookEveryMs);
  const world: SessionWorld = {
    client,
    namespace,
    apply: (name, spec = {}) =>
      client.request<WhatsAppSession>({
        method: 'POST',
        path: path.sessions(namespace),
        body: {
          apiVersion,
          kind: 'WhatsAppSession',
          metadata: { name, namespace },
          spec: { engine: 'Baileys', ...spec },
        },
      }),
    async patch(name, spec) {
      const body = { spec };
      await client.request({ method: 'PATCH', path: path.session(namespace, name), contentType: mergePatch, body });
    },
    async remove(name) {
      await client.request({ method: 'DELETE', path: path.session(namespace, name) });
    },
    session: (name) =>
      orUndefined(client.request<WhatsAppSession>({ method: 'GET', path: path.session(namespace, name) })),
    pod: (name) => orUndefined(client.request<Pod>({ method: 'GET', path: path.pod(namespace, name) })),
    async ends(name) {
      const list = await client.request<{ items: SessionEnd[] }>({ method: 'GET', path: path.sessionEnds(namespace) });
      return list.items.filter(({ spec }) => spec.session.name === name);
    },
    until: (name, what, is, timeoutMs = patienceMs) =>
      wait(`session "${name}" ${what}`, timeoutMs, async () => {
        const session = await world.session(name);
        return session !== undefined && is(session) ? { value: session } : { seen: JSON.stringify(session?.status) };
      }),
    untilGone: (name, timeoutMs = patienceMs) =>
      wait(`removal of session "${name}"`, timeoutMs, async () => {
        const session = await world.session(name);
        return session === undefined ? { value: undefined } : { seen: JSON.stringify(session.status) };
      }),
    untilPod: (name, what, is, timeoutMs = patienceMs) =>
      wait(`pod "${name}" ${what}`, timeoutMs, async () => {
        const pod = await world.pod(name);
        return pod !== undefined && is(pod) ? { value: pod } : { seen: JSON.stringify(pod?.status) };
      }),
    untilRunning: (name) => world.untilPod(name, 'that runs', ({ status }) => status?.phase === 'Running'),
    untilStopped: (name, timeoutMs) =>
      world.until(name, 'that is stopped', ({ status }) => status?.phase === 'Stopped' && !status.run, timeoutMs),
    untilEnds: (name, count, timeoutMs = patienceMs) =>
      wait(`${count} ends of "${name}"`, timeoutMs, async () => {
        const ends = await world.ends(name);
        return ends.length >= count ? { value: ends } : { seen: JSON.stringify(ends.map(({ spec }) => spec.reason)) };
      }),
    close: () => client.close(),
  };
  return world;
}

/** Without a controller manager nobody makes it, and no pod is admitted without it. */
async function ensureServiceAccount(client: KubernetesClient, namespace: string): Promise<void> {
  try {
    await client.request({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Looks for a while that something stays so; gives up at the first look at which it is not. */
export async function stays(what: string, forMs: number, look: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + forMs;
  while (Date.now() < deadlineMs) {
    if (!(await look())) throw new Error(`It did not stay so: ${what}`);
    await sleep(100);
  }
}
