import { afterAll, expect, inject, onTestFailed, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { berthNamespace, installBerth, operator, release, uninstallBerth } from '../../deployment/install-berth.ts';
import { helm, kubectl, tryKubectl } from '../../deployment/kubectl.ts';
import { waitForRollout } from '../../deployment/rollout.ts';
import { rolesIn, sessionsRole } from '../../integration/namespaced-install.ts';
import { stays } from '../../integration/session-world.ts';
import { aWorld } from '../a-world.ts';
import { expectEnds } from '../outcome.ts';

// Whatever became of the tests, the other files need Berth in the whole cluster.
afterAll(() => installBerth(inject('standIns')), 120_000);

/** How long nobody is there to answer the deletion, in milliseconds. */
const downMs = 30_000;
const scale = (replicas: number) =>
  kubectl(['--namespace', operator.namespace, 'scale', `deployment/${operator.name}`, `--replicas=${replicas}`]);

/** Deletes a namespace with a session while there is no operator, brings one back, and waits until all is gone and told. */
async function deleteWithoutOperator(world: ClusterWorld): Promise<void> {
  const { namespace } = world;
  const { runUid } = await world.startPaired('tenant');
  await scale(0);
  await waitUntil('cluster without an operator', 60_000, async () => {
    const words = ['--namespace', operator.namespace, 'get', 'pods', '--selector', operator.selector, '--output=name'];
    const seen = await kubectl(words);
    return seen.trim() === '' ? { value: true } : { seen };
  });
  const { role, binding } = await rolesIn(world.client, namespace);
  onTestFailed(async () => {
    const words = ['get', `namespace/${namespace}`, '--output=jsonpath={.status.conditions}'];
    console.info((await tryKubectl(words)).stdout, await rolesIn(world.client, namespace));
  });
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  await stays(
    'the session’s pod waits for the operator',
    downMs,
    async () => (await world.pod('tenant')) !== undefined,
  );
  const meanwhile = await rolesIn(world.client, namespace);
  expect([meanwhile.role?.metadata.uid, meanwhile.binding?.metadata.uid]).toEqual([
    role?.metadata.uid,
    binding?.metadata.uid,
  ]);
  await scale(1);
  await waitForRollout(operator);
  const backAtMs = performance.now();
  await kubectl(['wait', '--for=delete', `namespace/${namespace}`, '--timeout=120s'], { timeoutMs: 130_000 });
  const tookSeconds = ((performance.now() - backAtMs) / 1000).toFixed(1);
  console.log(`The namespace was gone ${tookSeconds} s after the operator was back`);
  const received = await world.untilReceivedEnds('tenant', 1);
  expect(received.map(({ event }) => [event.id, event.data.reason])).toEqual([[runUid, 'deleted']]);
}

test('a namespace that is deleted while the operator is down for 30 s goes when it is back, and its session_end is delivered', async () => {
  await deleteWithoutOperator(await aWorld());
}, 240_000);

test('with watchNamespaces, it goes too, with the operator’s rights in it last; and an uninstall leaves nothing behind elsewhere', async () => {
  const tenant = await aWorld();
  const other = await aWorld();
  const namespaces = [tenant.namespace, other.namespace];
  await installBerth(inject('standIns'), [`watchNamespaces=${JSON.stringify(namespaces)}`]);
  const rights = [
    'get',
    'clusterroles,clusterrolebindings',
    '--selector=app.kubernetes.io/name=berth',
    '--output=name',
  ];
  expect(await kubectl(rights)).toBe('');
  const checked = await helm(['test', release, '--namespace', berthNamespace, '--timeout=150s'], {
    timeoutMs: 180_000,
  });
  expect(checked).toMatchObject({ status: 0 });

  const { runUid } = await other.startPaired('neighbour');
  await deleteWithoutOperator(tenant);
  expect((await other.session('neighbour'))?.status?.run?.uid).toBe(runUid);

  await uninstallBerth();
  await expectEnds(other, 'neighbour', [[runUid, 'shutdown']]);
  expect(await rolesIn(other.client, other.namespace)).toEqual({ role: undefined, binding: undefined });
  const left = await tryKubectl(['get', 'roles,rolebindings', '--all-namespaces', '--output=name']);
  expect(left.stdout).not.toContain(sessionsRole);
  await installBerth(inject('standIns')); // What is judged at the end of a test is judged by an operator's log.
}, 420_000);
