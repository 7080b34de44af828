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

/** An API server of its own, behind a proxy that knows each write, and an operator that is started again when it dies. */
export interface CrashWorld {
  readonly server: TestApiServer;
  readonly proxy: FaultProxy;
  readonly home: Place;
  readonly operators: OperatorLives;
  /** The run of a session that nobody touches, whatever becomes of the operator. */
  readonly bystander: string;
  /** Namespaces that were deleted. */
  readonly ended: Place[];
}

/** So many writes at least each scenario has, else a test kills nothing. */
export const writes: Readonly<Record<ScenarioName, number>> = {
  start: 3,
  kill: 4,
  stop: 4,
  restart: 6,
  crash: 5,
  stuck: 4,
  delete: 5,
  'namespace deletion': 3,
};
/** More writes than any scenario has. */
const writesAtMost = 15;
/** What follows these writes is the same as in another scenario: the end of a kill, a start, the end of a deletion. */
const ofItsOwn: Partial<Readonly<Record<ScenarioName, number>>> = { stop: 2, restart: 2, 'namespace deletion': 5 };
export const scenarioNames = Object.keys(scenarios) as ScenarioName[];

/**
 * Makes a world for the tests of a file, and judges it at their end by what the API server has recorded.
 * @param endsAtLeast session_ends that the tests bring about, else they show nothing
 */
export function useCrashWorld(define: (world: () => CrashWorld) => void, endsAtLeast: number): void {
  let made: CrashWorld | undefined;
  const world = () => made ?? expect.fail('the world was not made');
  let end: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    const server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
    const proxy = await startFaultProxy(server.kubeconfigPath);
    const home = await aPlace(server.kubeconfigPath, 'crash');
    const ended: Place[] = [];
    const operators = await startOperatorLives({ proxy, client: home.world.client });
    end = async () => {
      await operators.end();
      await Promise.all([...ended, home].map(closePlace));
      await proxy.close();
      await server.stop();
    };
    await home.world.apply('bystander');
    made = { server, proxy, home, operators, ended, bystander: await running(home, 'bystander') };
  }, 120_000);
  afterAll(async () => end?.());

  define(world);

  test('operators of other versions, one after the other, leave the pods of the ones before alone', async () => {
    const { server, home, operators, bystander } = world();
    expect((await home.world.pod('bystander'))?.metadata.uid).toBe(bystander);
    const touched = (await readAuditLog(server.auditLogPath)).filter(
      ({ verb, userAgent, objectRef }) =>
        userAgent?.startsWith('berth-operator') &&
        objectRef?.resource === 'pods' &&
        objectRef.name === 'bystander' &&
        verb !== 'get' &&
        verb !== 'create',
    );
    expect(touched).toEqual([]);
    await operators.next();
    const { restart } = scenarios;
    await restart.act(home, 'bystander');
    await restart.settled(home, 'bystander', bystander);
    const pod = (await home.world.pod('bystander')) as { spec: { containers: { image: string }[] } } | undefined;
    expect(pod?.spec.containers[0]?.image).toBe(`berth.dev/session-baileys:v${operators.count}`);
  });

  test('the namespaces are gone at last whose sessions met all that', async () => {
    const { ended } = world();
    await Promise.all(ended.map((place) => namespaceGone(place.world)));
    expect(ended.length).toBeGreaterThan(0);
  }, 150_000);

  test('the API server has recorded nothing that Berth promises not to do', async () => {
    const { server, operators, home, ended } = world();
    const { broken, seen } = judgeAuditLog(await readAuditLog(server.auditLogPath));
    console.info(`${operators.count} operators; the audit log tells of ${JSON.stringify(seen)}`);
    expect(broken).toEqual([]);
    expect([home, ...ended].flatMap(overlaps)).toEqual([]);
    expect(seen.ends).toBeGreaterThanOrEqual(endsAtLeast);
  });
}

/** A test for each scenario: the operator is killed at each of its writes, one after the other. */
export function testKills(when: 'before' | 'after', world: () => CrashWorld): void {
  test.each(scenarioNames)(
    `%s: an operator killed ${when} any one of its writes leaves one session_end, and nothing stuck`,
    async (scenario) => {
      let nth = 1;
      const last = ofItsOwn[scenario] ?? writesAtMost;
      onTestFailed(() => console.info(`at write ${nth}:\n${world().operators.current.log().slice(-6_000)}`));
      const name = (n: number) => `${scenario.replace(' ', '-')}-${when}-${n}`;
      while (nth <= last && (await crashAt(world(), scenarios[scenario], name(nth), nth, when))) nth++;
      expect(nth - 1).toBeGreaterThanOrEqual(Math.min(writes[scenario], last));
      expect(nth).toBeLessThan(writesAtMost);
    },
    300_000,
  );
}

/** Where a scenario is played: a namespace of its own, if it ends that. */
export async function placeFor({ server, home, ended }: CrashWorld, { endsItsNamespace }: Scenario): Promise<Place> {
  if (!endsItsNamespace) return home;
  const place = await aPlace(server.kubeconfigPath, 'crash');
  ended.push(place);
  return place;
}

/** Each run before the act has one end with the right reason, and no more. */
export async function expectItsEnd({ reason }: Scenario, place: Place, name: string, firstRun: string | undefined) {
  const expected = firstRun === undefined || reason === undefined ? [] : [[firstRun, reason]];
  const found = { name, namespace: place.world.namespace, ends: await endsOf(place.world, name) };
  expect(found).toEqual({ ...found, ends: expected });
}

/** Lets the scenario meet the death of the operator at its n-th write. False: it has no such write. */
async function crashAt(
  world: CrashWorld,
  scenario: Scenario,
  name: string,
  nth: number,
  when: 'before' | 'after',
): Promise<boolean> {
  const { operators } = world;
  const place = await placeFor(world, scenario);
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
