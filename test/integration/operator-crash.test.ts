import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { readAuditLog } from './audit-log.ts';
import { judgeAuditLog } from './audit-promises.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type OperatorLives, startOperatorLives, writesAbout } from './operator-lives.ts';
import {
  aPlace,
  closePlace,
  endsOf,
  namespaceGone,
  overlaps,
  type Place,
  prepare,
  running,
  type Scenario,
  type ScenarioName,
  scenarios,
} from './operator-scenarios.ts';

let server: TestApiServer;
let proxy: FaultProxy;
let home: Place;
let operators: OperatorLives;
/** Namespaces that were deleted. */
const ended: Place[] = [];
/** The run of a session that nobody touches, whatever becomes of the operator. */
let bystander: string;

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
  proxy = await startFaultProxy(server.kubeconfigPath);
  home = await aPlace(server.kubeconfigPath, 'crash');
  operators = await startOperatorLives({ proxy, client: home.world.client });
  await home.world.apply('bystander');
  bystander = await running(home, 'bystander');
}, 120_000);

afterAll(async () => {
  await operators?.end();
  await Promise.all([...ended, home].map(closePlace));
  await proxy?.close();
  await server?.stop();
});

async function placeFor({ endsItsNamespace }: Scenario): Promise<Place> {
  if (!endsItsNamespace) return home;
  const place = await aPlace(server.kubeconfigPath, 'crash');
  ended.push(place);
  return place;
}

/** Each run before the act has one end with the right reason, and no more. */
async function expectItsEnd({ reason }: Scenario, place: Place, name: string, firstRun: string | undefined) {
  const expected = firstRun === undefined || reason === undefined ? [] : [[firstRun, reason]];
  const found = { name, namespace: place.world.namespace, ends: await endsOf(place.world, name) };
  expect(found).toEqual({ ...found, ends: expected });
}

/** Lets the scenario meet the death of the operator at its n-th write. False: it has no such write. */
async function crashAt(scenario: Scenario, name: string, nth: number, when: 'before' | 'after'): Promise<boolean> {
  const place = await placeFor(scenario);
  const firstRun = await prepare(scenario, place, name);
  const shot = operators.killAt(writesAbout(name), nth, when);
  await scenario.act(place, name);
  await Promise.race([shot.fired, scenario.settled(place, name, firstRun)]);
  shot.disarm();
  if (shot.hit) await operators.next();
  await scenario.settled(place, name, firstRun);
  await expectItsEnd(scenario, place, name, firstRun);
  return shot.hit;
}

/** More writes than any scenario has. */
const writesAtMost = 15;
/** So many at least each scenario has, else the test kills nothing. */
const writes: Readonly<Record<ScenarioName, number>> = {
  start: 3,
  kill: 4,
  stop: 4,
  restart: 6,
  crash: 5,
  stuck: 4,
  delete: 5,
  'namespace deletion': 3,
};
/** What follows these writes is the same as in another scenario: the end of a kill, a start, the end of a deletion. */
const ofItsOwn: Partial<Readonly<Record<ScenarioName, number>>> = { stop: 2, restart: 2, 'namespace deletion': 5 };
const names = Object.keys(scenarios) as ScenarioName[];
const cases = names.flatMap((scenario) => (['before', 'after'] as const).map((when) => ({ scenario, when })));

test.each(cases)(
  '$scenario: an operator killed $when any one of its writes leaves one session_end, and nothing stuck',
  async ({ scenario, when }) => {
    let nth = 1;
    const last = ofItsOwn[scenario] ?? writesAtMost;
    onTestFailed(() => console.info(`at write ${nth}:\n${operators.current.log().slice(-6_000)}`));
    const name = (n: number) => `${scenario.replace(' ', '-')}-${when}-${n}`;
    while (nth <= last && (await crashAt(scenarios[scenario], name(nth), nth, when))) nth++;
    expect(nth - 1).toBeGreaterThanOrEqual(Math.min(writes[scenario], last));
    expect(nth).toBeLessThan(writesAtMost);
  },
  300_000,
);

test('an operator whose connection breaks before or after any one of its writes goes on, on all sessions at once', async () => {
  onTestFailed(() => console.info(operators.current.log().slice(-6_000)));
  const cuts = names.flatMap((scenario) =>
    (['cut', 'cut-answer'] as const).flatMap((type) =>
      Array.from({ length: writes[scenario] }, (_, index) => ({ scenario, type, nth: index + 1 })),
    ),
  );
  const hits = await Promise.all(
    cuts.map(async ({ scenario, type, nth }) => {
      const name = `${scenario.replace(' ', '-')}-${type}-${nth}`;
      const place = await placeFor(scenarios[scenario]);
      const firstRun = await prepare(scenarios[scenario], place, name);
      let seen = 0;
      const isMeant = writesAbout(name);
      const fault = proxy.fault((request) => isMeant(request) && ++seen === nth, { type }, 1);
      await scenarios[scenario].act(place, name);
      await scenarios[scenario].settled(place, name, firstRun);
      fault.remove();
      await expectItsEnd(scenarios[scenario], place, name, firstRun);
      return fault.hits;
    }),
  );
  expect(hits.filter((each) => each === 0)).toHaveLength(0);
}, 300_000);

test('operators of other versions, one after the other, leave the pods of the ones before alone', async () => {
  expect((await home.world.pod('bystander'))?.metadata.uid).toBe(bystander);
  const patches = (await readAuditLog(server.auditLogPath)).filter(
    ({ verb, userAgent, objectRef }) =>
      userAgent?.startsWith('berth-operator') && objectRef?.name === 'bystander' && verb !== 'get' && verb !== 'create',
  );
  expect(patches.filter(({ objectRef }) => objectRef?.resource === 'pods')).toEqual([]);
  await operators.next();
  const restart = scenarios.restart;
  await restart.act(home, 'bystander');
  await restart.settled(home, 'bystander', bystander);
  const pod = (await home.world.pod('bystander')) as { spec: { containers: { image: string }[] } } | undefined;
  expect(pod?.spec.containers[0]?.image).toBe(`berth.dev/session-baileys:v${operators.count}`);
});

test('the namespaces are gone at last whose sessions met all that', async () => {
  await Promise.all(ended.map(({ world }) => namespaceGone(world)));
  expect(ended.length).toBeGreaterThan(0);
}, 150_000);

test('the API server has recorded nothing that Berth promises not to do', async () => {
  const { broken, seen } = judgeAuditLog(await readAuditLog(server.auditLogPath));
  console.info(`${operators.count} operators; the audit log tells of ${JSON.stringify(seen)}`);
  expect(broken).toEqual([]);
  expect([home, ...ended].flatMap(overlaps)).toEqual([]);
  expect(seen.ends).toBeGreaterThan(50);
});
