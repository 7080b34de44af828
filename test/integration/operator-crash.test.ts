import { path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type FaultProxy, isWrite, type ProxiedRequest, startFaultProxy } from './fault-proxy.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

let server: TestApiServer;
let proxy: FaultProxy;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
const started: OperatorProcess[] = [];

beforeAll(async () => {
  server = await startApiServer();
  proxy = await startFaultProxy(server.kubeconfigPath);
  world = await createSessionWorld(server.kubeconfigPath, 'crash');
  kubelet = startScriptedKubelet(world.client, world.namespace);
}, 120_000);

afterAll(async () => {
  await Promise.all(started.map((operator) => operator.kill()));
  await kubelet?.stop();
  await world?.close();
  await proxy?.close();
  await server?.stop();
});

async function start(): Promise<OperatorProcess> {
  const operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, waitUntilReady: false });
  started.push(operator);
  return operator;
}

/** A dead leader's Lease would be waited for; the test is about what the next one does, not when. */
async function forgetLease(): Promise<void> {
  const lease = path.lease('default', 'berth-operator');
  await world.client.request({ method: 'DELETE', path: lease }).catch((error: unknown) => {
    if ((error as { status?: number }).status !== 404) throw error;
  });
}

const isWriteAbout = (name: string) => (request: ProxiedRequest) =>
  isWrite(request) &&
  !/\/(events|leases)(\/|$)/.test(request.path) &&
  new RegExp(`\\b${name}\\b`).test(`${request.path} ${request.body}`);

/** Kills the operator at its n-th write about a session; `after`: the API server has done it, the operator never hears. */
function killAtWrite(operator: OperatorProcess, name: string, nth: number, when: 'before' | 'after') {
  let writes = 0;
  const hook = (request: ProxiedRequest) => {
    if (!isWriteAbout(name)(request) || ++writes !== nth) return undefined;
    return operator.kill();
  };
  return proxy.onRequest(when === 'before' ? { before: hook } : { after: hook });
}

const spec = { recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } } };

/** Each scenario: what a person does to a running session, and what must be so in the end. */
const scenarios = {
  kill: {
    act: (name: string) => world.patch(name, { desiredState: 'Killed' }),
    settled: (name: string) =>
      world.until(name, 'that is stopped', ({ status }) => status?.phase === 'Stopped' && !status.run),
    reason: 'force_killed',
  },
  stop: {
    act: (name: string) => world.patch(name, { desiredState: 'Stopped' }),
    settled: (name: string) =>
      world.until(name, 'that is stopped', ({ status }) => status?.phase === 'Stopped' && !status.run),
    reason: 'stopped',
  },
  delete: {
    act: (name: string) => world.remove(name),
    settled: (name: string) => world.untilGone(name),
    reason: 'deleted',
  },
} as const;

describe('an operator killed at a write of the end sequence', () => {
  // After its second write a stop is the same as a kill.
  const writes = { kill: [1, 2, 3, 4, 5], stop: [1, 2], delete: [1, 2, 3, 4, 5] };
  const cases = Object.entries(writes).flatMap(([scenario, numbers]) =>
    numbers.flatMap((nth) => (['before', 'after'] as const).map((when) => ({ scenario, nth, when }))),
  );
  test.each(cases)('$scenario, $when write $nth: one session_end, nothing stuck', async ({ scenario, nth, when }) => {
    const { act, settled, reason } = scenarios[scenario as keyof typeof scenarios];
    const name = `${scenario}-${when}-${nth}`;
    await forgetLease();
    const first = await start();
    await world.apply(name, spec);
    const pod = await world.untilPod(name, 'that runs', ({ status }) => status?.phase === 'Running');
    await world.until(name, 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
    const unhook = killAtWrite(first, name, nth, when);
    await act(name);
    await Promise.race([first.exited, settled(name)]);
    unhook();
    await first.kill();
    await forgetLease();
    const second = await start();
    await settled(name);
    await second.kill();
    const ends = await world.ends(name);
    expect(ends.map(({ spec: end }) => [end.run.uid, end.reason])).toEqual([[pod.metadata.uid, reason]]);
    expect(await world.pod(name)).toBeUndefined();
    const lives = kubelet.processes.filter(({ podName }) => podName === name);
    expect(lives).toHaveLength(1);
    expect(lives[0]?.endedAtMs).toBeDefined();
  });
});
