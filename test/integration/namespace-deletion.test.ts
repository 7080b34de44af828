import { deliveryFinalizer, path } from '@berth/operator/resource/names.ts';
import type { SessionEnd } from '@berth/operator/resource/session-end.ts';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { freePorts } from '../cluster/ports.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { readAuditLog } from './audit-log.ts';
import { judgeAuditLog } from './audit-promises.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import {
  aPlace,
  closePlace,
  namespaceGone,
  overlaps,
  type Place,
  prepare,
  removeNamespace,
  scenarios,
} from './operator-scenarios.ts';
import { stays } from './session-world.ts';

let server: TestApiServer;
let place: Place;
const operators: OperatorProcess[] = [];

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
  place = await aPlace(server.kubeconfigPath, 'going');
}, 120_000);

afterAll(async () => {
  await Promise.all(operators.map((operator) => operator.kill()));
  await closePlace(place);
  await server?.stop();
});

async function startOperator(): Promise<OperatorProcess> {
  const operator = await startOperatorProcess({
    kubeconfig: server.kubeconfigPath,
    identity: `one-${operators.length}`,
  });
  operators.push(operator);
  onTestFailed(() => console.info(operator.log().slice(-6_000)));
  return operator;
}

async function allEnds(): Promise<SessionEnd[]> {
  const { items } = await place.world.client.request<{ items: SessionEnd[] }>({
    method: 'GET',
    path: path.sessionEnds(),
  });
  return items;
}

/** How long nobody is there to answer the deletion, in milliseconds. */
const downMs = 30_000;

test('a namespace that is deleted while the operator is down for 30 s goes, and each of its runs has one end', async () => {
  const { world } = place;
  const operator = await startOperator();
  const runs = await Promise.all(
    ['ada', 'ben', 'cyd'].map(async (name) => [name, await prepare(scenarios.kill, place, name)] as const),
  );
  // An end that its sink has not taken when the namespace goes.
  const { port } = await freePorts({ port: 0 });
  const webhooks = [{ url: `http://127.0.0.1:${port}/in`, events: ['session_end' as const] }];
  const told = await prepare({ ...scenarios.stop, spec: { webhooks } }, place, 'told');
  await scenarios.stop.act(place, 'told');
  await scenarios.stop.settled(place, 'told', told);
  await operator.kill();

  await removeNamespace(world);
  await stays('the namespace waits for the operator', downMs, async () => (await world.pod('ada')) !== undefined);
  await startOperator();
  const goneMs = performance.now();
  await namespaceGone(world);
  console.info(
    `the namespace was gone ${Math.round((performance.now() - goneMs) / 1000)} s after the operator came back`,
  );

  const ends = (await allEnds()).filter(({ spec }) => spec.session.namespace === world.namespace);
  const found = ends.map(({ metadata, spec }) => [spec.session.name, spec.run.uid, spec.reason, metadata.namespace]);
  const expected = runs.map(([name, uid]) => [name, uid, 'deleted', 'default']);
  const byName = (one: readonly unknown[], other: readonly unknown[]) => String(one[0]).localeCompare(String(other[0]));
  expect(found.toSorted(byName)).toEqual([...expected, ['told', told, 'stopped', 'default']].toSorted(byName));
  const untold = ends.find(({ spec }) => spec.session.name === 'told');
  expect(untold?.metadata.finalizers).toEqual([deliveryFinalizer]);
  const { broken } = judgeAuditLog(await readAuditLog(server.auditLogPath));
  expect(broken).toEqual([]);
  expect(overlaps(place)).toEqual([]);
}, 240_000);
