import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { path, podAnnotation } from '@berth/operator/resource/names.ts';
import type { WhatsAppSession } from '@berth/operator/resource/whatsapp-session.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type OperatorProcess, sessionImages, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type Pod, type SessionWorld, stays } from './session-world.ts';

let server: TestApiServer;
let proxy: FaultProxy;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
let operator: OperatorProcess | undefined;

beforeAll(async () => {
  server = await startApiServer();
  proxy = await startFaultProxy(server.kubeconfigPath);
}, 120_000);

afterAll(async () => {
  await proxy?.close();
  await server?.stop();
});

beforeEach(async () => {
  world = await createSessionWorld(server.kubeconfigPath, 'pacing');
  kubelet = startScriptedKubelet(world.client, world.namespace);
});

afterEach(async () => {
  try {
    // The fleet is counted over all namespaces: nothing of a test may be left in the next.
    await world.client.request({ method: 'DELETE', path: path.sessions(world.namespace) });
    await waitUntil('removal of all sessions', 60_000, async () => {
      const left = await list<WhatsAppSession>(path.sessions(world.namespace));
      return left.length === 0 ? { value: undefined } : { seen: `${left.length} left` };
    });
  } finally {
    await operator?.terminate();
    operator = undefined;
    await kubelet.stop();
    await world.close();
  }
}, 120_000);

const numbered = (count: number, prefix: string) => Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}`);
const readyReason = ({ status }: WhatsAppSession) => status?.conditions?.find(({ type }) => type === 'Ready')?.reason;

async function list<T>(at: string): Promise<readonly T[]> {
  return (await world.client.request<{ items: readonly T[] }>({ method: 'GET', path: at })).items;
}

test('50 sessions that start at once get their pods at the configured rate, and a kill and a deletion do not wait', async () => {
  const starts = { perSecond: 5, burst: 5 };
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { starts } });
  await world.apply('victim');
  await world.untilPod('victim', 'that runs', ({ status }) => status?.phase === 'Running');
  const createdAtMs: number[] = [];
  const forget = proxy.onRequest({
    after({ method, path: at, status }) {
      if (method === 'POST' && at === path.pods(world.namespace) && status === 201) createdAtMs.push(performance.now());
    },
  });
  operator.child.kill('SIGSTOP');
  const names = numbered(50, 'many');
  await Promise.all(names.map((name) => world.apply(name)));
  operator.child.kill('SIGCONT');

  // The line is seconds long: what is asked for meanwhile is done meanwhile.
  const last = await waitUntil('sessions that wait for their turn', 20_000, async () => {
    const sessions = await list<WhatsAppSession>(path.sessions(world.namespace));
    const waiting = sessions.filter((session) => readyReason(session) === 'Paced');
    const name = waiting.at(-1)?.metadata.name;
    return waiting.length > 5 && name !== undefined ? { value: name } : { seen: `${waiting.length} wait` };
  });
  const killedAtMs = performance.now();
  await world.patch('victim', { desiredState: 'Killed' });
  await world.remove(last);
  await world.untilGone(last);
  await world.until('victim', 'that is killed', ({ status }) => status?.lastEnd?.reason === 'force_killed');
  const startedSoFar = createdAtMs.length;
  console.log(`Killed and deleted within ${(performance.now() - killedAtMs).toFixed(0)} ms, ${startedSoFar} pods made`);
  expect(startedSoFar).toBeLessThan(49);
  expect(await world.pod(last)).toBeUndefined();

  await waitUntil('pods of all others', 60_000, async () => {
    const pods = await list<Pod>(path.pods(world.namespace));
    return pods.length === 49 ? { value: undefined } : { seen: `${pods.length} pods` };
  });
  forget();
  expect(createdAtMs).toHaveLength(49);
  // In no stretch of time more than the burst and what has dripped in since; creations under way, one a worker, may bunch.
  const slack = 8;
  for (const [at, fromMs] of createdAtMs.entries())
    for (const [more, untilMs] of createdAtMs.slice(at).entries())
      expect(more + 1).toBeLessThanOrEqual(starts.burst + slack + ((untilMs - fromMs) / 1000) * starts.perSecond);
  const seconds = ((createdAtMs.at(-1) ?? 0) - (createdAtMs[0] ?? 0)) / 1000;
  console.log(`49 pods in ${seconds.toFixed(1)} s at ${starts.perSecond}/s after a burst of ${starts.burst}`);
}, 120_000);

test('no more pods are on their way than configured; a report, or the end of a pod, lets the next one start', async () => {
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { starts: { concurrent: 3 } } });
  const names = numbered(5, 'slow');
  await Promise.all(names.map((name) => world.apply(name)));
  const podNames = async () => (await list<Pod>(path.pods(world.namespace))).map(({ metadata }) => metadata.name);
  const untilPods = (count: number) =>
    waitUntil(`${count} pods`, 10_000, async () => {
      const found = await podNames();
      return found.length >= count ? { value: found } : { seen: found.join() };
    });
  const first = await untilPods(3);
  await stays('3 pods', 1_500, async () => (await podNames()).length === 3);
  for (const name of names.filter((each) => !first.includes(each)))
    expect(readyReason((await world.session(name)) as WhatsAppSession)).toBe('Paced');
  await tellReady(first[0] ?? '');
  expect(await untilPods(4)).toHaveLength(4);
  await world.patch(first[1] ?? '', { desiredState: 'Killed' });
  await world.untilEnds(first[1] ?? '', 1);
  await waitUntil('the last pod', 10_000, async () => {
    const found = new Set([...(await podNames()), first[1] ?? '']);
    return found.size === 5 ? { value: undefined } : { seen: [...found].join() };
  });
}, 60_000);

/** Writes what the receiver of reports writes when a pod tells that it is ready. */
async function tellReady(name: string): Promise<void> {
  const pod = await world.pod(name);
  const isGoing = pod?.metadata.deletionTimestamp !== undefined;
  if (pod?.status?.phase !== 'Running' || isGoing) return;
  const now = new Date().toISOString();
  const report = {
    runUid: pod.metadata.uid,
    sequence: 1,
    state: 'ready',
    stateSince: now,
    readyAt: now,
    reconnects: 0,
  };
  const body = { status: { report } };
  await world.client.request({
    method: 'PATCH',
    path: path.sessionStatus(world.namespace, name),
    contentType: mergePatch,
    body,
  });
}

const fast = { recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } } };
const image = (tag: string) => ({ session: { images: sessionImages(tag) } });
const templateOf = async (name: string) => (await world.pod(name))?.metadata.annotations?.[podAnnotation.templateHash];
const isReady = ({ status }: WhatsAppSession) =>
  status?.run !== undefined && status.run.ending === undefined && status.report?.runUid === status.run.uid;

/** Sees who is away, at every change of a session. */
function watchAway() {
  const stopped = new AbortController();
  const away = new Set<string>();
  let most = 0;
  const over = (async () => {
    const { metadata } = await world.client.request<{ metadata: { resourceVersion: string } }>({
      method: 'GET',
      path: path.sessions(world.namespace),
    });
    const query = { watch: 'true', resourceVersion: metadata.resourceVersion };
    const request = { path: path.sessions(world.namespace), query, idleTimeoutMs: 60_000, signal: stopped.signal };
    for await (const { type, object } of world.client.watch(request)) {
      if (type === 'BOOKMARK') continue;
      const session = object as unknown as WhatsAppSession;
      if (isReady(session)) away.delete(session.metadata.name);
      else away.add(session.metadata.name);
      most = Math.max(most, away.size);
    }
  })().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
  });
  return {
    get most() {
      return most;
    },
    async stop() {
      stopped.abort();
      await over;
    },
  };
}

test('another image renews sessions with rollout Paced a few at a time, stops while they do not get ready, and goes on with one that mends it', async () => {
  const config = { rollout: { concurrent: 2 } };
  const names = numbered(6, 'rolled');
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { ...config, ...image('one') } });
  await Promise.all(names.map((name) => world.apply(name, { ...fast, rollout: 'Paced' })));
  await world.apply('left-alone', fast);
  const all = [...names, 'left-alone'];
  const firstRuns = new Map<string, string>();
  for (const name of all) {
    const pod = await world.untilPod(name, 'that runs', ({ status }) => status?.phase === 'Running');
    firstRuns.set(name, pod.metadata.uid);
    await world.until(name, 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
    await tellReady(name);
  }
  const before = await templateOf('left-alone');
  /** Sessions of which the first run is over. */
  const renewed = async () => {
    const pods = await list<Pod>(path.pods(world.namespace));
    const uidOf = new Map(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
    return all.filter((name) => uidOf.get(name) !== firstRuns.get(name));
  };

  // The same again restarts nothing: neither a crash of the operator nor an upgrade by itself is a change.
  await operator.kill();
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { ...config, ...image('one') } });
  await stays('no session is renewed without a change', 1_500, async () => (await renewed()).length === 0);
  await operator.terminate();

  const watched = watchAway();
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { ...config, ...image('two') } });
  await waitUntil('first renewed sessions', 30_000, async () => {
    const found = await renewed();
    return found.length === 2 ? { value: undefined } : { seen: found.join() };
  });
  // Nobody tells that they are ready, and then one of them dies before it is.
  const [first = '', second = ''] = await renewed();
  await world.untilPod(first, 'of the second run', ({ status }) => status?.phase === 'Running');
  await kubelet.crash(first);
  await world.untilEnds(first, 2);
  await stays('two sessions away', 2_000, async () => (await renewed()).length <= 2);
  // A new leader counts the same.
  await operator.kill();
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { ...config, ...image('two') } });
  await stays('two sessions away with the next operator', 2_000, async () => (await renewed()).length <= 2);

  const broken = await templateOf(second);
  expect(broken).not.toBe(before);

  // The image that mends it reaches those that are away first, though there is room for no others.
  await operator.terminate();
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, config: { ...config, ...image('three') } });
  const mended = await world.untilPod(
    second,
    'of the third image',
    ({ metadata, status }) =>
      ![before, broken].includes(metadata.annotations?.[podAnnotation.templateHash]) && status?.phase === 'Running',
    30_000,
  );
  const template = mended.metadata.annotations?.[podAnnotation.templateHash];
  expect((await renewed()).length).toBe(2);
  await waitUntil('all sessions renewed and ready', 120_000, async () => {
    const missing: string[] = [];
    const renewedNow = await renewed();
    for (const name of names) {
      const session = await world.session(name);
      const isDone = session !== undefined && isReady(session) && (await templateOf(name)) === template;
      if (isDone) continue;
      missing.push(name);
      if (session?.status?.run?.ending === undefined && renewedNow.includes(name))
        await tellReady(name).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
    return missing.length === 0 ? { value: undefined } : { seen: `not yet: ${missing.join()}` };
  });
  await watched.stop();
  console.log(`Of 6 sessions at most ${watched.most} were away at once`);
  expect(watched.most).toBe(2);
  for (const name of names.filter((each) => each !== first && each !== second))
    expect((await world.ends(name)).map(({ spec }) => spec.reason)).toEqual(['spec_changed']);
  expect(await templateOf('left-alone')).toBe(before);
  expect(await renewed()).not.toContain('left-alone');
  expect(await world.ends('left-alone')).toEqual([]);
}, 240_000);
