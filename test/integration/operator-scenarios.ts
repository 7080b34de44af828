import { path } from '@berth/operator/resource/names.ts';
import type { SessionEnd } from '@berth/operator/resource/session-end.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import type { EndReason } from '@berth/protocol';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

/** A namespace with sessions, and what runs their pods. */
export interface Place {
  readonly world: SessionWorld;
  readonly kubelet: ScriptedKubelet;
}

/** What a person, or the cluster, does to a session, and what must be so in the end. */
export interface Scenario {
  readonly spec?: Partial<WhatsAppSessionSpec>;
  /** Whether the session is made by `act`, not before. */
  readonly startsWithNothing?: true;
  /** Whether it needs a namespace of its own. */
  readonly endsItsNamespace?: true;
  act(place: Place, name: string): Promise<unknown>;
  /** Waits until all is done; `firstRun` is the uid of the run before the act. */
  settled(place: Place, name: string, firstRun: string | undefined): Promise<unknown>;
  /** Of the run before the act. */
  readonly reason?: EndReason;
}

/** How long an operator that was killed may take to be back and done, in milliseconds: seconds when all is well. */
const patienceMs = 60_000;

const spec = { recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } } };
const stopped = ({ world }: Place, name: string) =>
  world.until(name, 'that is stopped', ({ status }) => status?.phase === 'Stopped' && !status.run, patienceMs);
const ended = ({ world }: Place, name: string, run: string | undefined) =>
  waitUntil(`end of "${name}" in "${world.namespace}"`, patienceMs, async () => {
    const [pod, ends] = [await world.pod(name), await endsOf(world, name)];
    const isEnded = pod === undefined && ends.some(([uid]) => uid === run);
    return isEnded ? { value: undefined } : { seen: JSON.stringify({ pod: pod?.metadata, ends }) };
  });
const gone = ({ world }: Place, name: string) => world.untilGone(name, patienceMs);

/** Waits until a run other than `firstRun` is running and known to the status. Gives its uid. */
export async function running({ world }: Place, name: string, firstRun?: string): Promise<string> {
  const isRunning = ({ metadata, status }: { metadata: { uid: string }; status?: { phase?: string } }) =>
    metadata.uid !== firstRun && status?.phase === 'Running';
  const pod = await world.untilPod(name, 'that runs', isRunning, patienceMs);
  const { uid } = pod.metadata;
  await world.until(name, `with the run "${uid}"`, ({ status }) => status?.run?.uid === uid, patienceMs);
  return uid;
}

const all = {
  start: {
    startsWithNothing: true,
    act: ({ world }, name) => world.apply(name, spec),
    settled: running,
  },
  kill: {
    act: ({ world }, name) => world.patch(name, { desiredState: 'Killed' }),
    settled: stopped,
    reason: 'force_killed',
  },
  stop: {
    act: ({ world }, name) => world.patch(name, { desiredState: 'Stopped' }),
    settled: stopped,
    reason: 'stopped',
  },
  restart: {
    act: ({ world }, name) => world.patch(name, { restartedAt: new Date().toISOString() }),
    settled: running,
    reason: 'restarted',
  },
  crash: {
    act: ({ kubelet }, name) => kubelet.crash(name),
    settled: running,
    reason: 'crashed',
  },
  stuck: {
    spec: { recovery: { policy: 'Stop' } },
    // The scripted kubelet's pods report nothing.
    act: ({ world }, name) => world.patch(name, { startup: { timeoutSeconds: 1 } }),
    settled: ({ world }, name) =>
      world.until(
        name,
        'that is given up',
        ({ status }) => status?.recovery?.held === 'policy' && !status.run,
        patienceMs,
      ),
    reason: 'start_timeout',
  },
  delete: {
    act: ({ world }, name) => world.remove(name),
    settled: gone,
    reason: 'deleted',
  },
  'namespace deletion': {
    endsItsNamespace: true,
    act: ({ world }) => removeNamespace(world),
    // What is left is the end of a deletion, when the namespace's controller comes to sessions: 8 s later, or 16.
    settled: ended,
    reason: 'deleted',
  },
} as const satisfies Record<string, Scenario>;
export type ScenarioName = keyof typeof all;
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = all;

/** @param clockSkewMs how much the clock of its node is fast */
export async function aPlace(kubeconfigPath: string, prefix: string, clockSkewMs = 0): Promise<Place> {
  const world = await createSessionWorld(kubeconfigPath, prefix);
  return { world, kubelet: startScriptedKubelet(world.client, world.namespace, 'scripted', clockSkewMs) };
}

export async function closePlace(place: Place | undefined): Promise<void> {
  await place?.kubelet.stop();
  await place?.world.close();
}

/** Brings a session to where the scenario begins. Gives the uid of its run, if it has one. */
export async function prepare(scenario: Scenario, place: Place, name: string): Promise<string | undefined> {
  if (scenario.startsWithNothing) return undefined;
  await place.world.apply(name, { ...spec, ...scenario.spec });
  return running(place, name);
}

/** Asks for the deletion of the world's namespace, without waiting for its end. */
export async function removeNamespace({ client, namespace }: SessionWorld): Promise<void> {
  await client.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` });
}

/** Waits until the world's namespace is gone: its controller looks every 8 s at what is held by finalizers. */
export async function namespaceGone({ client, namespace }: SessionWorld): Promise<void> {
  await waitUntil(`removal of namespace "${namespace}"`, 120_000, async () => {
    const { items } = await client.request<{ items: { metadata: { name: string } }[] }>({
      method: 'GET',
      path: '/api/v1/namespaces',
    });
    const isThere = items.some(({ metadata }) => metadata.name === namespace);
    return isThere ? { seen: 'it is still there' } : { value: undefined };
  });
}

/** Records of ends of a session, wherever they lie, as pairs of run and reason. */
export async function endsOf({ client, namespace }: SessionWorld, name: string): Promise<[string, EndReason][]> {
  const { items } = await client.request<{ items: SessionEnd[] }>({ method: 'GET', path: path.sessionEnds() });
  return items
    .filter(({ spec: { session } }) => session.namespace === namespace && session.name === name)
    .map(({ spec: { run, reason } }) => [run.uid, reason]);
}

/** Processes of a session that were alive at once, by the kubelet's own clock: pairs of uids. */
export function overlaps({ kubelet }: Place): string[] {
  const { processes } = kubelet;
  return processes.flatMap((one, index) =>
    processes
      .slice(index + 1)
      .filter((other) => other.podName === one.podName)
      .filter(({ startedAtMs }) => startedAtMs < (one.endedAtMs ?? Number.POSITIVE_INFINITY))
      .map((other) => `"${one.podName}": ${one.podUid} and ${other.podUid}`),
  );
}
