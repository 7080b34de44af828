import { path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { installRights, type NamespacedInstall, report, tokenOfPod } from './namespaced-install.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { aPlace, closePlace, endsOf, type Place, running } from './operator-scenarios.ts';
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

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
  home = await createSessionWorld(server.kubeconfigPath, 'home');
  one = await aPlace(server.kubeconfigPath, 'one');
  other = await aPlace(server.kubeconfigPath, 'other');
  elsewhere = await aPlace(server.kubeconfigPath, 'elsewhere');
  const watchNamespaces = [one.world.namespace, other.world.namespace, 'not-there-yet'];
  install = await installRights(home.client, server.kubeconfigPath, { home: home.namespace, watchNamespaces });
  await install.grant(one.world.namespace);
  await install.grant(other.world.namespace);
  operator = await startOperatorProcess({
    kubeconfig: install.kubeconfigPath,
    namespace: home.namespace,
    config: { watchNamespaces },
  });
}, 600_000);
afterAll(async () => {
  await operator?.kill();
  for (const place of [one, other, elsewhere]) await closePlace(place);
  await home?.close();
  await server?.stop();
});

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
