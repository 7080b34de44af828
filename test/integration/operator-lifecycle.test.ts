import { path, podFinalizer, sessionFinalizer } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type FaultProxy, isWrite, startFaultProxy } from './fault-proxy.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld, stays } from './session-world.ts';

let server: TestApiServer;
let proxy: FaultProxy;
let operator: OperatorProcess;
let world: SessionWorld;
let kubelet: ScriptedKubelet;

beforeAll(async () => {
  server = await startApiServer();
  proxy = await startFaultProxy(server.kubeconfigPath);
  world = await createSessionWorld(server.kubeconfigPath, 'lifecycle');
  kubelet = startScriptedKubelet(world.client, world.namespace);
  operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath });
}, 120_000);

afterAll(async () => {
  await operator?.terminate();
  await kubelet?.stop();
  await world?.close();
  await proxy?.close();
  await server?.stop();
});

const fast = { recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } } };
/** Own writes about one session, without Events and the Lease. Its name may stand by chance inside of a certificate. */
function writesAbout(name: string) {
  const named = new RegExp(`[/"]${name}([-"/ ]|$)`);
  return proxy.requests.filter(
    (request) =>
      isWrite(request) &&
      named.test(`${request.path} ${request.body}`) &&
      !/\/(events|leases)(\/|$)/.test(request.path),
  );
}

describe('the operator', () => {
  test('makes the claim before the pod, and gives the session its finalizer', async () => {
    await world.apply('ann', fast);
    const pod = await world.untilRunning('ann');
    expect(pod.metadata.finalizers).toEqual([podFinalizer]);
    const session = await world.until('ann', 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
    expect(session.metadata.finalizers).toContain(sessionFinalizer);
    expect(session.status?.phase).toBe('Starting');
    const kinds = writesAbout('ann').map(({ method, path: at }) => `${method} ${at.split('/').at(-1)}`);
    expect(kinds.slice(0, 3).toSorted()).toEqual(['PATCH ann', 'POST persistentvolumeclaims', 'POST pods']);
    expect(kinds.indexOf('POST persistentvolumeclaims')).toBeLessThan(kinds.indexOf('POST pods'));
    expect(writesAbout('ann').filter(({ status }) => status === 409)).toEqual([]);
  });

  test('force-kill: grace 0 and the uid precondition are in the same body, and the session stays down', async () => {
    await world.apply('kim', fast);
    const pod = await world.untilRunning('kim');
    await world.patch('kim', { desiredState: 'Killed' });
    await world.until('kim', 'that is killed', ({ status }) => status?.lastEnd?.reason === 'force_killed');
    const deletions = proxy.requests.filter(({ method, path: at }) => method === 'DELETE' && at.endsWith('/pods/kim'));
    expect(deletions.length).toBeGreaterThan(0);
    for (const { body } of deletions)
      expect(JSON.parse(body)).toMatchObject({ gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } });
    const ends = await world.ends('kim');
    expect(ends.map(({ spec }) => [spec.run.uid, spec.reason, spec.terminationConfirmed])).toEqual([
      [pod.metadata.uid, 'force_killed', true],
    ]);
    await stays('no pod of a killed session', 2_000, async () => (await world.pod('kim')) === undefined);
    const { status } = await world.until('kim', 'that is stopped', (session) => session.status?.phase === 'Stopped');
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Killed');
    await world.patch('kim', { desiredState: 'Running' });
    const next = await world.untilRunning('kim');
    expect(next.metadata.annotations?.['berth.dev/run-number']).toBe('2');
  });

  test('a crash is recorded once, and the session starts again', async () => {
    await world.apply('cora', fast);
    const first = await world.untilRunning('cora');
    await kubelet.crash('cora');
    const next = await world.untilPod('cora', 'of the next run', ({ metadata }) => metadata.uid !== first.metadata.uid);
    const ends = await world.ends('cora');
    expect(ends.map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([[first.metadata.uid, 'crashed']]);
    expect(next.metadata.annotations?.['berth.dev/run-number']).toBe('2');
    const [a, b] = kubelet.processes.filter(({ podName }) => podName === 'cora');
    expect(a?.endedAtMs).toBeLessThan(b?.startedAtMs ?? Number.POSITIVE_INFINITY);
  });

  test('a deleted session goes last: after its pod and the record of its end', async () => {
    await world.apply('dora', fast);
    await world.untilRunning('dora');
    const before = proxy.requests.length;
    await world.remove('dora');
    await world.untilGone('dora');
    expect(await world.pod('dora')).toBeUndefined();
    expect((await world.ends('dora')).map(({ spec }) => spec.reason)).toEqual(['deleted']);
    const steps = proxy.requests
      .slice(before)
      .filter(
        (request) => isWrite(request) && request.path.includes(world.namespace) && !request.path.endsWith('/events'),
      )
      .map(({ method, path: at }) => `${method} ${at.split('/').slice(-2).join('/')}`);
    expect(steps).toEqual([
      'PATCH dora/status', // the reason, first
      'DELETE pods/dora',
      `POST ${world.namespace}/sessionends`,
      'PATCH pods/dora',
      'DELETE persistentvolumeclaims/dora-data',
      'PATCH whatsappsessions/dora',
    ]);
  });

  test('a run whose pod lost its finalizer and its object is recorded as unknown, and a new one starts', async () => {
    await world.apply('uma', fast);
    const pod = await world.untilRunning('uma');
    await world.until('uma', 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
    // Stopped, so that it does not put the finalizer back in between.
    operator.child.kill('SIGSTOP');
    await world.client.request({
      method: 'PATCH',
      path: path.pod(world.namespace, 'uma'),
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers: null } },
    });
    const body = { gracePeriodSeconds: 0 };
    await world.client.request({ method: 'DELETE', path: path.pod(world.namespace, 'uma'), body });
    operator.child.kill('SIGCONT');
    const [end] = await world.untilEnds('uma', 1);
    expect(end?.spec).toMatchObject({ reason: 'unknown', terminationConfirmed: false, run: { uid: pod.metadata.uid } });
    await world.untilPod('uma', 'of the next run', ({ metadata }) => metadata.uid !== pod.metadata.uid);
    expect(await world.ends('uma')).toHaveLength(1);
  });

  test('a living pod gets its finalizer back', async () => {
    await world.apply('fay', fast);
    await world.untilRunning('fay');
    await world.client.request({
      method: 'PATCH',
      path: path.pod(world.namespace, 'fay'),
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers: null } },
    });
    await world.untilPod('fay', 'with its finalizer', ({ metadata }) => metadata.finalizers?.[0] === podFinalizer);
  });

  test('a pod whose session was recreated under the same name is ended before the new session starts', async () => {
    await world.apply('rita', fast);
    const old = await world.untilRunning('rita');
    operator.child.kill('SIGSTOP');
    await world.client.request({
      method: 'PATCH',
      path: path.session(world.namespace, 'rita'),
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers: null } },
    });
    await world.client.request({
      method: 'DELETE',
      path: path.session(world.namespace, 'rita'),
      body: { propagationPolicy: 'Background' },
    });
    const session = await world.apply('rita', fast);
    operator.child.kill('SIGCONT');
    const next = await world.untilPod(
      'rita',
      'of the new session',
      ({ metadata }) => metadata.uid !== old.metadata.uid,
    );
    expect(next.metadata.annotations?.['berth.dev/session-uid']).toBe(session.metadata.uid);
    const ends = await world.ends('rita');
    expect(ends.map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([[old.metadata.uid, 'deleted']]);
  });

  test('a pod that somebody deleted with a grace is let go, and the next run starts', async () => {
    await world.apply('gus', fast);
    const pod = await world.untilRunning('gus');
    await world.until('gus', 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
    const body = { gracePeriodSeconds: 600 };
    await world.client.request({ method: 'DELETE', path: path.pod(world.namespace, 'gus'), body });
    await world.untilPod('gus', 'of the next run', ({ metadata }) => metadata.uid !== pod.metadata.uid);
    expect((await world.ends('gus')).map(({ spec }) => spec.reason)).toEqual(['pod_deleted']);
  });

  test('a pod whose label was taken off is killed all the same, and the next one starts', async () => {
    await world.apply('lea', fast);
    const pod = await world.untilRunning('lea');
    await world.until('lea', 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
    await world.client.request({
      method: 'PATCH',
      path: path.pod(world.namespace, 'lea'),
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } },
    });
    await world.patch('lea', { desiredState: 'Killed' });
    await world.until('lea', 'that is killed', ({ status }) => status?.lastEnd?.reason === 'force_killed', 10_000);
    expect(await world.pod('lea')).toBeUndefined();
    await world.patch('lea', { desiredState: 'Running' });
    await world.untilRunning('lea');
    expect((await world.ends('lea')).map(({ spec }) => [spec.run.uid, spec.terminationConfirmed])).toEqual([
      [pod.metadata.uid, true],
    ]);
  });

  test('a conflict leads to another look, not to an error', async () => {
    const fault = proxy.fault(
      ({ method, path: at }) => method === 'PATCH' && at.endsWith('/whatsappsessions/cleo/status'),
      { type: 'answer', status: 409 },
      2,
    );
    await world.apply('cleo', fast);
    const pod = await world.untilRunning('cleo');
    await world.until('cleo', 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
    expect(fault.hits).toBe(2);
    expect(operator.log()).not.toContain('"session":"' + world.namespace + '/cleo","error"');
    const metrics = await (await fetch(`${operator.healthUrl}/metrics`)).text();
    expect(metrics).toMatch(
      /controller_runtime_reconcile_total\{controller="whatsappsession",result="success"\} [1-9]/,
    );
  });

  test("a pod that is not a session's and has its name is left alone, and the session says so", async () => {
    const pod = { containers: [{ name: 'x', image: 'x' }] };
    const metadata = { name: 'pia', namespace: world.namespace };
    const body = { apiVersion: 'v1', kind: 'Pod', metadata, spec: pod };
    await world.client.request({ method: 'POST', path: path.pods(world.namespace), body });
    await world.apply('pia', fast);
    const { status } = await world.until('pia', 'that says why', (session) =>
      (session.status?.conditions ?? []).some(({ message }) => message.includes('another pod has its name')),
    );
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
    expect(await world.pod('pia')).toBeDefined();
  });

  test('a missing webhook secret is named in a condition within seconds, and heals when it is there', async () => {
    const webhooks = [
      { url: 'https://127.0.0.1:1/hook', events: ['session_end' as const], secretRef: { name: 'hook', key: 'secret' } },
    ];
    const condition = (session: { status?: { conditions?: readonly { type: string; reason: string }[] } }) =>
      session.status?.conditions?.find(({ type }) => type === 'WebhooksReady')?.reason;
    await world.apply('hana', { ...fast, webhooks });
    await world.until('hana', 'that misses its secret', (session) => condition(session) === 'SecretMissing');
    const body = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hook' },
      stringData: { secret: 'c2VjcmV0LXNlY3JldA==' },
    };
    await world.client.request({ method: 'POST', path: path.secrets(world.namespace), body });
    await world.until('hana', 'that has its secret', (session) => condition(session) === 'WebhooksReady');
  });

  test('tells the story in Events', async () => {
    const reasons = await waitUntil('Events about "kim"', 5_000, async () => {
      const list = await world.client.request<{ items: { reason: string; involvedObject: { name: string } }[] }>({
        method: 'GET',
        path: path.events(world.namespace),
      });
      const seen = list.items.filter(({ involvedObject }) => involvedObject.name === 'kim').map(({ reason }) => reason);
      return seen.includes('SessionEnd') && seen.includes('Killed') ? { value: seen } : { seen: seen.join(', ') };
    });
    expect(reasons).toContain('Terminating');
  });
});
