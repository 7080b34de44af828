import { path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { readAuditLog } from './audit-log.ts';
import { judgeAuditLog } from './audit-promises.ts';
import { type FaultProxy, isWrite, type ProxiedRequest, startFaultProxy } from './fault-proxy.ts';
import { writesAbout } from './operator-lives.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import {
  aPlace,
  closePlace,
  endsOf,
  overlaps,
  type Place,
  prepare,
  running,
  type ScenarioName,
  scenarios,
} from './operator-scenarios.ts';

let server: TestApiServer;
const places: Place[] = [];

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
}, 120_000);

afterAll(async () => {
  await Promise.all(places.map(closePlace));
  await server?.stop();
});

async function aNewPlace(clockSkewMs = 0): Promise<Place> {
  const place = await aPlace(server.kubeconfigPath, 'stale', clockSkewMs);
  places.push(place);
  return place;
}

interface Replica {
  readonly proxy: FaultProxy;
  readonly operator: OperatorProcess;
}

/** An operator with a proxy of its own; both end with the test. */
async function aReplica(
  identity: string,
  arm: (proxy: FaultProxy) => void = () => undefined,
  options: { readonly clockSkewMs?: number } = {},
): Promise<Replica> {
  const proxy = await startFaultProxy(server.kubeconfigPath);
  arm(proxy);
  const operator = await startOperatorProcess({ kubeconfig: proxy.kubeconfigPath, identity, ...options });
  onTestFailed(() => console.info(`${identity}:\n${operator.log().slice(-5_000)}`));
  onTestFinished(async () => {
    operator.child.kill('SIGCONT');
    await operator.kill();
    await proxy.close();
  });
  return { proxy, operator };
}

const isWatch = ({ query }: ProxiedRequest) => query.get('watch') === 'true';
const isList = ({ method, path: at, query }: ProxiedRequest) =>
  method === 'GET' && !query.has('watch') && query.has('limit') && at.length > 0;

/** What happens within one namespace. */
const names = [
  'start',
  'kill',
  'stop',
  'restart',
  'crash',
  'stuck',
  'delete',
] as const satisfies readonly ScenarioName[];

/** Plays all scenarios at once; each run before the act has its one end with its reason. */
async function playAll(place: Place, prefix: string): Promise<void> {
  await Promise.all(
    names.map(async (scenario) => {
      const name = `${prefix}-${scenario}`;
      const firstRun = await prepare(scenarios[scenario], place, name);
      await scenarios[scenario].act(place, name);
      await scenarios[scenario].settled(place, name, firstRun);
      const { reason } = scenarios[scenario];
      const ends = await endsOf(place.world, name);
      expect({ name, ends }).toEqual({ name, ends: firstRun && reason ? [[firstRun, reason]] : [] });
    }),
  );
}

/** By the API server's audit log, and by the kubelets' clocks. */
async function brokenPromises(): Promise<string[]> {
  const { broken, seen } = judgeAuditLog(await readAuditLog(server.auditLogPath));
  console.info(`The audit log tells of ${JSON.stringify(seen)}`);
  return [...broken, ...places.flatMap(overlaps)];
}

test('an operator whose watches lag by 3 s breaks no promise', async () => {
  const place = await aNewPlace();
  await aReplica('slow-eyed', (proxy) => void proxy.fault(isWatch, { type: 'stream', delayMs: 3_000 }));
  await playAll(place, 'lagging');
  expect(await brokenPromises()).toEqual([]);
}, 120_000);

test('an operator that misses every second event until it lists again ends all that it has to end', async () => {
  const place = await aNewPlace();
  let seen = 0;
  const { proxy } = await aReplica('half-blind', (eyes) =>
    eyes.fault(isWatch, { type: 'stream', drops: ({ type }) => type !== 'BOOKMARK' && ++seen % 2 === 0 }),
  );
  const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };
  const relist = setInterval(() => proxy.inFlight(isWatch, { write: `${JSON.stringify(expired)}\n` }), 4_000);
  onTestFinished(() => clearInterval(relist));
  await playAll(place, 'missing');
  expect(await brokenPromises()).toEqual([]);
}, 120_000);

test('a new leader that first sees the world as it was long ago, and lives it again, changes nothing', async () => {
  const place = await aNewPlace();
  const { world } = place;
  const before = await aReplica('before');
  await playAll(place, 'early');
  for (const name of ['killed', 'again', 'deleted', 'recreated', 'alive']) await prepare(scenarios.kill, place, name);
  const again = await world.pod('again');
  const { metadata } = await world.client.request<{ metadata: { resourceVersion: string } }>({
    method: 'GET',
    path: path.pods(),
    query: { limit: '1' },
  });
  // All of it is past when the next leader comes.
  await world.patch('killed', { desiredState: 'Killed' });
  await scenarios.kill.settled(place, 'killed', undefined);
  await world.patch('again', { desiredState: 'Stopped' });
  await scenarios.stop.settled(place, 'again', undefined);
  await world.patch('again', { desiredState: 'Running' });
  await running(place, 'again', again?.metadata.uid);
  for (const name of ['deleted', 'recreated']) {
    await world.remove(name);
    await world.untilGone(name);
  }
  await prepare(scenarios.kill, place, 'recreated');
  const alive = Object.fromEntries(
    await Promise.all(
      ['again', 'recreated', 'alive'].map(async (name) => [name, (await world.pod(name))?.metadata.uid]),
    ),
  );
  await before.operator.terminate();

  const oldList = (query: URLSearchParams) => {
    if (query.has('continue')) return;
    query.set('resourceVersion', metadata.resourceVersion);
    query.set('resourceVersionMatch', 'Exact');
  };
  await aReplica('after', (proxy) => {
    proxy.fault(isList, { type: 'rewrite', query: oldList });
    proxy.fault(isWatch, { type: 'stream', delayMs: 2_000 });
  });
  await playAll(place, 'late');
  for (const [name, uid] of Object.entries(alive))
    expect({ name, uid: (await world.pod(name))?.metadata.uid }).toEqual({ name, uid });
  expect(await world.pod('killed')).toBeUndefined();
  expect((await endsOf(world, 'killed')).map(([, reason]) => reason)).toEqual(['force_killed']);
  expect((await endsOf(world, 'deleted')).map(([, reason]) => reason)).toEqual(['deleted']);
  expect(await brokenPromises()).toEqual([]);
}, 180_000);

test('writes of a leader that was paused, let go after the next leader has done it all, change nothing', async () => {
  const place = await aNewPlace();
  const { world } = place;
  const first = await aReplica('paused');
  const held = Promise.withResolvers<void>();
  const cases = (['kill', 'stop', 'restart', 'delete'] as const).flatMap((scenario) =>
    [1, 2, 3, 4, 5].map((nth) => ({ scenario, nth, name: `held-${scenario}-${nth}` })),
  );
  const runs = new Map(
    await Promise.all(
      cases.map(async ({ scenario, name }) => [name, await prepare(scenarios[scenario], place, name)] as const),
    ),
  );
  // Each session's n-th write is held on its way to the API server.
  const holding = new Set<string>();
  for (const { name, nth } of cases) {
    const isMeant = writesAbout(name);
    let seen = 0;
    const before = async (request: ProxiedRequest): Promise<void> => {
      if (!isMeant(request) || ++seen !== nth) return;
      holding.add(name);
      await held.promise;
    };
    first.proxy.onRequest({ before });
  }
  for (const { scenario, name } of cases) await scenarios[scenario].act(place, name);
  // Under way are as many as the leader has workers for: the others wait behind them.
  await waitUntil('writes on their way', 20_000, async () =>
    holding.size >= 8 ? { value: true } : { seen: [...holding].join() },
  );
  first.operator.child.kill('SIGSTOP');
  await aReplica('next');
  for (const { scenario, name } of cases) await scenarios[scenario].settled(place, name, runs.get(name));
  const done = await Promise.all(cases.map(({ name }) => endsOf(world, name)));
  held.resolve();
  first.operator.child.kill('SIGCONT');
  await waitUntil('answers to the held writes', 20_000, async () => {
    const open = first.proxy.requests.filter((request) => isWrite(request) && request.status === undefined);
    return open.length === 0 ? { value: true } : { seen: open.map(({ path: at }) => at).join() };
  });
  for (const { scenario, name } of cases) await scenarios[scenario].settled(place, name, runs.get(name));
  expect(await Promise.all(cases.map(({ name }) => endsOf(world, name)))).toEqual(done);
  for (const [index, { scenario, name }] of cases.entries())
    expect({ name, ends: done[index] }).toEqual({ name, ends: [[runs.get(name), scenarios[scenario].reason]] });
  expect(await brokenPromises()).toEqual([]);
}, 180_000);

test.each([
  { fast: 'the leader and slow the node', leaderMs: 300_000, nodeMs: -300_000 },
  { fast: 'the node and slow the leader', leaderMs: -300_000, nodeMs: 300_000 },
])(
  'clocks that are 5 minutes apart, fast $fast, change no end and no pace',
  async ({ leaderMs, nodeMs }) => {
    const place = await aNewPlace(nodeMs);
    const skew = leaderMs > 0 ? 'plus' : 'minus';
    const leader = await aReplica(`leader-${skew}`, undefined, { clockSkewMs: leaderMs });
    await aReplica(`standby-${skew}`, undefined, { clockSkewMs: -leaderMs });
    await playAll(place, `${skew}-one`);
    await leader.operator.kill();
    await playAll(place, `${skew}-two`);
    expect(await brokenPromises()).toEqual([]);
  },
  180_000,
);
