import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { caConfigMap, path, rotateAnnotation } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';
import { startTrustingPod, type TrustingPod } from './trusting-pod.ts';

/** A server of its own: operators of other files' tests would act on its sessions. */
let server: TestApiServer;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
beforeAll(async () => {
  server = await startApiServer({ controllerManager: true });
  world = await createSessionWorld(server.kubeconfigPath, 'rotation');
  kubelet = startScriptedKubelet(world.client, world.namespace);
});
afterAll(async () => {
  await kubelet?.stop();
  await world?.close();
  await server?.stop();
});

const publishSeconds = 5;
const secretPath = path.secret('default', 'berth-ca');
const readSecret = () => world.client.request<{ data: Record<string, string> }>({ method: 'GET', path: secretPath });

async function publishedCa(): Promise<string> {
  const at = path.configMap(world.namespace, caConfigMap);
  return (
    (await world.client.request<{ data: Record<string, string> }>({ method: 'GET', path: at })).data['ca.crt'] ?? ''
  );
}

/** Operators that run for one test; `live` are those that have not been killed. */
async function startOperators(identities: readonly string[], certificates: object) {
  const live: OperatorProcess[] = [];
  onTestFailed(() => console.info(live.map((operator) => operator.log().slice(-6_000)).join('\n')));
  onTestFinished(async () => void (await Promise.all(live.map((operator) => operator.kill()))));
  const config = { certificates, unconfirmedWaitSeconds: 1 };
  for (const identity of identities)
    live.push(await startOperatorProcess({ kubeconfig: server.kubeconfigPath, identity, config }));
  return live;
}

/** A session with its pod, which reports and is called until the test is over. */
async function startPod(name: string, live: readonly OperatorProcess[], lifetimeMs: number, renewBeforeMs: number) {
  await world.apply(name);
  const pod = await startTrustingPod({
    world,
    pod: await world.untilRunning(name),
    operatorNamespace: 'default',
    operatorUrls: () => live.map(({ apiUrl }) => apiUrl),
    timing: { lifetimeMs, renewBeforeMs, publishMs: publishSeconds * 1000 },
  });
  onTestFinished(() => pod.stop());
  return pod;
}

const certificatesIn = (pem: string) => pem.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

/** Follows the Secret and the ConfigMap until `isOver`, and gives each state that was seen, in words. */
async function followUntil(what: string, withinMs: number, isOver: (states: readonly string[]) => boolean) {
  const first = (await readSecret()).data['ca.crt'];
  const states: string[] = [];
  const keys = new Set<string>();
  await waitUntil(what, withinMs, async () => {
    const { data } = await readSecret();
    const published = await publishedCa();
    for (const name of ['ca.key', 'next.ca.key']) if (data[name] !== undefined) keys.add(data[name]);
    const parts = [
      data['ca.crt'] === first ? 'old signs' : 'new signs',
      ...(data['next.ca.crt'] === undefined ? [] : ['next waits']),
      ...(data['former.ca.crt'] === undefined ? [] : ['former is trusted']),
      `${certificatesIn(published)} published`,
    ];
    if (states.at(-1) !== parts.join(', ')) states.push(parts.join(', '));
    return isOver(states) ? { value: undefined } : { seen: states.join('; ') };
  });
  return { states, keys };
}

/** Waits until the pod has read the bundle without the former CA, too, and gives all that has failed meanwhile. */
async function failuresOf(pod: TrustingPod): Promise<readonly string[]> {
  await waitUntil('bundle of one CA, after one of two, in the pod', 20_000, async () => {
    const read = pod.bundles.map(certificatesIn);
    return read.at(-2) === 2 && read.at(-1) === 1 ? { value: undefined } : { seen: read.join(', ') };
  });
  expect(pod.counts.reports).toBeGreaterThan(10);
  expect(pod.counts.calls).toBeGreaterThan(10);
  return pod.failures;
}

const expectNoKeyIn = (log: string, keys: ReadonlySet<string>) => {
  expect(keys.size).toBeGreaterThan(0);
  for (const key of keys) {
    const lines = Buffer.from(key, 'base64').toString('utf8').split('\n');
    for (const line of lines.filter((each) => each.length > 20 && !each.startsWith('---')))
      expect(log.includes(line)).toBe(false);
  }
  expect(log).not.toContain('PRIVATE KEY');
};

const wholeLife = [
  'old signs, 1 published',
  'old signs, next waits, 2 published',
  'new signs, former is trusted, 2 published',
  'new signs, 1 published',
];
/** A state that was seen between two writes. */
const inBetween = new Set([
  'old signs, next waits, 1 published',
  'new signs, 2 published',
  'new signs, former is trusted, 1 published',
]);

test('a CA near its end is replaced, and no report and no call fails in the same process', {
  timeout: 120_000,
}, async () => {
  const [lifetimeSeconds, renewBeforeSeconds] = [32, 10];
  const certificates = { caLifetimeSeconds: lifetimeSeconds, caRenewBeforeSeconds: renewBeforeSeconds, publishSeconds };
  const live = await startOperators(['operator-1'], certificates);
  const pod = await startPod('amy', live, lifetimeSeconds * 1000, renewBeforeSeconds * 1000);
  const { states, keys } = await followUntil('end of a rotation', 60_000, (seen) => seen.at(-1) === wholeLife.at(-1));
  // On a machine that is busy, a part of the CA's life is over before the pod runs.
  expect(states.filter((state) => !inBetween.has(state)).slice(-3)).toEqual(wholeLife.slice(-3));
  expect(await failuresOf(pod)).toEqual([]);
  expectNoKeyIn(live.map(({ log }) => log()).join('\n'), keys);
});

test('a rotation by hand goes on when the leader dies in the middle', { timeout: 120_000 }, async () => {
  // A Secret that was lost while no operator ran: another CA is made, and published beside no other.
  await world.client.request({ method: 'DELETE', path: secretPath });
  const live = await startOperators(['operator-1', 'operator-2'], { publishSeconds });
  await waitUntil('another CA in the namespace of before', 30_000, async () => {
    const published = await publishedCa();
    const { data } = await readSecret();
    return data['ca.crt'] === Buffer.from(published).toString('base64') ? { value: undefined } : { seen: published };
  });
  const pod = await startPod('ben', live, 3_652 * 86_400_000, 365 * 86_400_000);
  await world.client.request({
    method: 'PATCH',
    path: secretPath,
    contentType: mergePatch,
    body: { metadata: { annotations: { [rotateAnnotation]: 'now' } } },
  });
  await followUntil('next CA', 20_000, (seen) => seen.at(-1)?.includes('next waits') ?? false);
  const leader = live.findIndex((operator) => operator.log().includes('"Leadership won"'));
  const [dead] = live.splice(leader, 1);
  await dead?.kill();
  const { keys } = await followUntil('end of the rotation', 60_000, (seen) => seen.at(-1) === wholeLife.at(-1));
  // A report that was on its way to the operator that died is its loss, and no other's.
  const others = (await failuresOf(pod)).filter((each) => !each.includes(`report to ${dead?.apiUrl}`));
  expect(others).toEqual([]);
  expectNoKeyIn(live.map(({ log }) => log()).join('\n'), keys);
});
