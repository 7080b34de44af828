import { createReleaseRoles } from '@berth/operator/act/release-roles.ts';
import { drain } from '@berth/operator/drain.ts';
import { findConnectionSettings } from '@berth/operator/kubernetes/connection-settings.ts';
import { createKubernetesClient } from '@berth/operator/kubernetes/create-client.ts';
import { holdRequest } from '@berth/operator/kubernetes/hold-request.ts';
import { watchedNamespacesAnnotation } from '@berth/operator/observe/left-namespaces.ts';
import { lastOutFinalizer, path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import {
  installRights,
  type NamespacedInstall,
  report,
  rolesIn,
  sessionsRole,
  tokenOfPod,
} from './namespaced-install.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import {
  aPlace,
  closePlace,
  endsOf,
  namespaceGone,
  type Place,
  prepare,
  removeNamespace,
  running,
  scenarios,
} from './operator-scenarios.ts';
import { keepingLog } from './proxied-api.ts';
import { createSessionWorld, type SessionWorld, stays } from './session-world.ts';

let server: TestApiServer;
let home: SessionWorld;
/** Both are watched. */
let one: Place;
let other: Place;
/** Is not. */
let elsewhere: Place;
let install: NamespacedInstall;
let operator: OperatorProcess;
let watchNamespaces: string[];
/** A namespace that is watched before it exists. */
const later = `later-${process.pid}`;

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
  home = await createSessionWorld(server.kubeconfigPath, 'home');
  one = await aPlace(server.kubeconfigPath, 'one');
  other = await aPlace(server.kubeconfigPath, 'other');
  elsewhere = await aPlace(server.kubeconfigPath, 'elsewhere');
  watchNamespaces = [one.world.namespace, other.world.namespace, later];
  install = await installRights(home.client, server.kubeconfigPath, { home: home.namespace, watchNamespaces });
  await install.grant(one.world.namespace);
  await install.grant(other.world.namespace);
  await startOperator();
}, 600_000);
afterAll(async () => {
  await operator?.kill();
  for (const place of [one, other, elsewhere]) await closePlace(place);
  await home?.close();
  await server?.stop();
});

async function startOperator(watched = watchNamespaces): Promise<void> {
  operator = await startOperatorProcess({
    kubeconfig: install.kubeconfigPath,
    namespace: home.namespace,
    config: { watchNamespaces: watched },
  });
}

const where = () => ({ operatorUrl: operator.apiUrl, home: home.namespace });
const printOnFailure = () => onTestFailed(() => console.info(operator.log().slice(-6_000)));

/** Makes a session whose pod has reported that it is ready. Gives the uid of its run. */
async function aReadySession(place: Place, name: string): Promise<string> {
  const { world } = place;
  await world.apply(name);
  const runUid = await running(place, name);
  const pod = await world.pod(name);
  if (pod === undefined) throw new Error(`The pod of "${name}" is gone`);
  expect(await report(home.client, where(), { runUid }, await tokenOfPod(home.client, pod))).toBe(200);
  await world.until(name, 'that is ready', ({ status }) => status?.phase === 'Ready');
  return runUid;
}

test('sessions of each watched namespace get ready, are killed, started again and deleted, with the chart’s Roles alone', async () => {
  printOnFailure();
  await Promise.all(
    [one, other].map(async (place) => {
      const { world } = place;
      const first = await aReadySession(place, 'life');
      await world.patch('life', { desiredState: 'Killed' });
      await world.untilStopped('life');
      await world.patch('life', { desiredState: 'Running' });
      const second = await running(place, 'life', first);
      await world.remove('life');
      await world.untilGone('life');
      const ends = Object.fromEntries(await endsOf(world, 'life'));
      expect(ends).toEqual({ [first]: 'force_killed', [second]: 'deleted' });
    }),
  );
});

test('a session in a namespace that is not watched is left alone', async () => {
  printOnFailure();
  const { world } = elsewhere;
  await world.apply('alone');
  await aReadySession(one, 'beside');
  await stays('nothing is done for it', 2_000, async () => (await world.session('alone'))?.status === undefined);
  expect(await world.pod('alone')).toBeUndefined();
  expect((await world.session('alone'))?.metadata.finalizers ?? []).toEqual([]);
});

test('a namespace that is not there yet keeps nobody waiting, is named in the log, and is taken in when it comes', async () => {
  printOnFailure();
  expect(operator.log()).toMatch(new RegExp(`"namespace":"${later}".*Namespace is not in sight`));
  await home.client.request({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: later } },
  });
  await home.client.request({
    method: 'POST',
    path: path.sessions(later),
    body: {
      apiVersion: 'berth.dev/v1alpha1',
      kind: 'WhatsAppSession',
      metadata: { name: 'late' },
      spec: { engine: 'Baileys' },
    },
  });
  await install.grant(later);
  await waitUntil('pod in the namespace that came later', 30_000, () =>
    home.client.request({ method: 'GET', path: path.pod(later, 'late') }).then(
      (pod) => ({ value: pod }),
      (error: unknown) => ({ seen: String(error) }),
    ),
  );
});

/** What the operator's account can do, without an operator. */
async function asOperator(namespace: string) {
  const client = createKubernetesClient({ kubeconfigPath: install.kubeconfigPath });
  const settings = await (await findConnectionSettings(install.kubeconfigPath))(true);
  const admitted: boolean[] = [];
  const releaseRoles = createReleaseRoles({
    client,
    name: sessionsRole,
    async hold(request) {
      const held = await holdRequest(request, settings);
      admitted.push(held.isAdmitted);
      return held;
    },
  });
  return { client, releaseRoles, admitted, namespace };
}

const deleteRoles = async (namespace: string) => {
  for (const at of [path.role(namespace, sessionsRole), path.roleBinding(namespace, sessionsRole)])
    await home.client.request({ method: 'DELETE', path: at });
};

test('the last two rights are given up by themselves, each time: neither Role nor RoleBinding is left behind', async () => {
  const { world } = elsewhere;
  const { client, releaseRoles, admitted } = await asOperator(world.namespace);
  const rounds = 20;
  for (let round = 0; round < rounds; round++) {
    await install.grant(world.namespace, one.world.namespace);
    await deleteRoles(world.namespace);
    await waitUntil('rights in force', 10_000, () =>
      releaseRoles(world.namespace).then((done) => (done ? { value: done } : { seen: 'refused' })),
    );
    expect(await rolesIn(home.client, world.namespace)).toEqual({ role: undefined, binding: undefined });
  }
  expect(admitted).toEqual(Array<boolean>(rounds).fill(true));
  await client.close();
}, 60_000);

test('a namespace that is deleted while the operator is down waits for it with all rights, and then goes with them', async () => {
  printOnFailure();
  const { world } = one;
  const runUid = await prepare(scenarios.kill, one, 'last');
  await operator.kill();
  await removeNamespace(world);
  await world.untilPod('last', 'that is being deleted', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  // Since Kubernetes 1.33 the rest waits until the pods are gone; before, Roles went with them, in no particular order.
  await deleteRoles(world.namespace);
  await startOperator();
  await namespaceGone(world);
  expect(Object.fromEntries(await endsOf(world, 'last'))).toEqual({ [runUid ?? '']: 'deleted' });
  // Its name stays in the list, and so does the operator.
  await aReadySession(other, 'after');
}, 240_000);

test('a namespace that is taken out of the list is drained, and then the operator lets go of its Roles there', async () => {
  printOnFailure();
  const { world } = other;
  const runUid = await prepare(scenarios.kill, other, 'dropped');
  expect(await operator.terminate()).toBe(0);
  await startOperator([later]);
  await deleteRoles(world.namespace); // As helm does, last of all.
  await waitUntil('end of the rights', 60_000, async () => {
    const { role, binding } = await rolesIn(home.client, world.namespace);
    return role === undefined && binding === undefined ? { value: true } : { seen: JSON.stringify(binding) };
  });
  expect(Object.fromEntries(await endsOf(world, 'dropped'))).toEqual({ [runUid ?? '']: 'shutdown' });
  expect((await world.session('dropped'))?.metadata.finalizers ?? []).toEqual([]);
  await waitUntil('Lease that names the list', 10_000, async () => {
    const { metadata } = await home.client.request<{ metadata: { annotations: Record<string, string> } }>({
      method: 'GET',
      path: path.lease(home.namespace, 'berth-operator'),
    });
    const seen = metadata.annotations[watchedNamespacesAnnotation];
    return seen === later ? { value: seen } : { seen: String(seen) };
  });
}, 120_000);

test('the drain before an uninstall takes the finalizers off the Roles, last of all', async () => {
  printOnFailure();
  const { client, releaseRoles } = await asOperator(later);
  expect((await rolesIn(home.client, later)).role?.metadata.finalizers).toEqual([lastOutFinalizer]);
  const log = keepingLog();
  const watched = [later, 'never-was'];
  const leaseName = 'berth-operator';
  // Nobody runs its pod: it ends unbound.
  await drain({ client, namespace: home.namespace, leaseName, watchNamespaces: watched, releaseRoles, log });
  const { role, binding } = await rolesIn(home.client, later);
  expect([role, binding].map((each) => each?.metadata.finalizers)).toEqual([undefined, undefined]);
  expect(log.lines.join('\n')).toContain('Namespace cannot be looked at');
  await client.close();
}, 90_000);
