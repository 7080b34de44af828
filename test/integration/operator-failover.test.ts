import { path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type FaultProxy, isWrite, startFaultProxy } from './fault-proxy.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

let server: TestApiServer;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
/** One proxy an operator, so that it is seen which of the two writes. */
const proxies: FaultProxy[] = [];
const operators: OperatorProcess[] = [];

beforeAll(async () => {
  server = await startApiServer();
  world = await createSessionWorld(server.kubeconfigPath, 'failover');
  kubelet = startScriptedKubelet(world.client, world.namespace);
  for (const identity of ['operator-1', 'operator-2']) {
    const proxy = await startFaultProxy(server.kubeconfigPath);
    proxies.push(proxy);
    operators.push(await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, identity }));
  }
}, 120_000);

afterAll(async () => {
  await Promise.all(operators.map((operator) => operator.kill()));
  await kubelet?.stop();
  await world?.close();
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await server?.stop();
});

const podCreations = (proxy: FaultProxy) =>
  proxy.requests.filter((request) => isWrite(request) && request.method === 'POST' && request.path.endsWith('/pods'))
    .length;

test('of two operators one acts, and when it dies the other goes on with what it left', async () => {
  await world.apply('amy');
  await world.untilRunning('amy');
  const creations = proxies.map(podCreations);
  expect(creations.toSorted((a, b) => a - b)).toEqual([0, 1]);
  const leader = creations.indexOf(1);
  const other = 1 - leader;

  // A kill that the leader never hears of.
  operators[leader]?.child.kill('SIGSTOP');
  await world.patch('amy', { desiredState: 'Killed' });
  const askedMs = performance.now();
  await operators[leader]?.kill();
  await world.until('amy', 'that is killed', ({ status }) => status?.lastEnd?.reason === 'force_killed');
  console.log(`the other operator had ended it ${Math.round(performance.now() - askedMs)} ms after the leader's death`);
  expect(await world.ends('amy')).toHaveLength(1);
  await world.apply('ben');
  await world.untilRunning('ben');
  expect(podCreations(proxies[other] as FaultProxy)).toBe(1);
});

test('an operator that is asked to end gives its Lease away and exits 0', async () => {
  const index = operators.findIndex(({ child }) => child.exitCode === null && child.signalCode === null);
  expect(await operators[index]?.terminate()).toBe(0);
  const holder = await waitUntil('free Lease', 5_000, async () => {
    const lease = await world.client.request<{ spec: { holderIdentity?: string } }>({
      method: 'GET',
      path: path.lease('default', 'berth-operator'),
    });
    return (lease.spec.holderIdentity ?? '') === '' ? { value: '' } : { seen: lease.spec.holderIdentity ?? '' };
  });
  expect(holder).toBe('');
});

test('an operator whose first requests nobody answers asks again, and serves once the API server does', async () => {
  const proxy = await startFaultProxy(server.kubeconfigPath);
  proxies.push(proxy);
  const outage = proxy.fault(() => true, { type: 'cut' });
  const operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, waitUntilReady: false });
  operators.push(operator);
  await waitUntil('requests that failed', 30_000, async () =>
    outage.hits >= 10 ? { value: true } : { seen: `${outage.hits}, exit code ${operator.child.exitCode}` },
  );
  outage.remove();
  await waitUntil('operator that serves', 30_000, async () => {
    const answer = await fetch(`${operator.healthUrl}/readyz`).catch(() => undefined);
    return answer?.ok ? { value: true } : { seen: operator.log().slice(-1_000) };
  });
  expect(operator.child.exitCode).toBeNull();
});
