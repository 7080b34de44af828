import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict, isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { readAuditLog } from '../integration/audit-log.ts';
import { judgeAuditLog } from '../integration/audit-promises.ts';
import {
  type Fault,
  type FaultProxy,
  isWrite,
  type ProxiedRequest,
  startFaultProxy,
} from '../integration/fault-proxy.ts';
import { type OperatorLives, startOperatorLives } from '../integration/operator-lives.ts';
import { aPlace, closePlace, overlaps, type Place } from '../integration/operator-scenarios.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

const minutes = Number(process.env['SOAK_MINUTES'] || 10);
const seed = Number(process.env['SOAK_SEED'] || Date.now() % 1_000_000);
/** How long everything may take to come to rest after the last fault, in milliseconds. */
const restMs = 120_000;

let server: TestApiServer;
let proxy: FaultProxy;
let place: Place;
let operators: OperatorLives;

beforeAll(async () => {
  console.info(`SOAK_MINUTES=${minutes} SOAK_SEED=${seed}`);
  server = await startApiServer({ controllerManager: true, nodesAreObjects: false });
  proxy = await startFaultProxy(server.kubeconfigPath);
  place = await aPlace(server.kubeconfigPath, 'soak');
  operators = await startOperatorLives({ proxy, client: place.world.client });
}, 120_000);

afterAll(async () => {
  await operators?.end();
  await closePlace(place);
  await proxy?.close();
  await server?.stop();
});

const names = ['ada', 'ben', 'cyd', 'dan', 'eve', 'flo', 'gus', 'hal'] as const;
const spec = { recovery: { maxRestarts: 1_000, backoff: { baseSeconds: 1, maxSeconds: 2 } } };

/** What people do to one session, whatever its state. */
const acts = {
  create: ({ world }: Place, name: string) => world.apply(name, spec),
  start: ({ world }: Place, name: string) => world.patch(name, { desiredState: 'Running' }),
  stop: ({ world }: Place, name: string) => world.patch(name, { desiredState: 'Stopped' }),
  kill: ({ world }: Place, name: string) => world.patch(name, { desiredState: 'Killed' }),
  restart: ({ world }: Place, name: string) => world.patch(name, { restartedAt: new Date().toISOString() }),
  remove: ({ world }: Place, name: string) => world.remove(name),
  'delete the pod of': ({ world }: Place, name: string) =>
    world.client.request({ method: 'DELETE', path: path.pod(world.namespace, name) }),
  async crash({ kubelet }: Place, name: string) {
    const lives = kubelet.processes.some(({ podName, endedAtMs }) => podName === name && endedAtMs === undefined);
    if (lives) await kubelet.crash(name);
  },
};
const actNames = Object.keys(acts) as [keyof typeof acts, ...(keyof typeof acts)[]];

/** Whoever acts on what is not there, or is there already, is told so: that is fine. */
async function actOn(name: string, act: keyof typeof acts): Promise<void> {
  try {
    await acts[act](place, name);
  } catch (error) {
    const isThere = (error as { status?: number }).status === 409;
    if (!isNotFound(error) && !isConflict(error) && !isThere) throw error;
  }
}

async function live(name: string, random: SeededRandom, untilMs: number): Promise<void> {
  await actOn(name, 'create');
  while (Date.now() < untilMs) {
    await sleep(random.ms(200, 4_000));
    await actOn(name, random.pick(['create', 'start', ...actNames]));
  }
}

const isOfSessions = ({ path: at }: ProxiedRequest) => !at.includes('/leases/');
const isWatch = ({ query }: ProxiedRequest) => query.get('watch') === 'true';

/** What becomes of the operator and its connection; each takes seconds at most. */
const faults: Record<string, (random: SeededRandom) => Promise<unknown>> = {
  'the operator dies': async () => operators.next(),
  async 'the operator sleeps'(random) {
    const { child } = operators.current;
    child.kill('SIGSTOP');
    await sleep(random.ms(500, 9_000));
    child.kill('SIGCONT');
  },
  async 'the operator dies at a write'(random) {
    const shot = operators.killAt(
      (it) => isWrite(it) && isOfSessions(it),
      random.ms(1, 8),
      random.pick(['before', 'after']),
    );
    await Promise.race([shot.fired, sleep(10_000)]);
    shot.disarm();
    if (shot.hit) await operators.next();
  },
  async 'requests fail'(random) {
    const fault = random.pick<Fault>([
      { type: 'cut' },
      { type: 'cut-answer' },
      { type: 'delay', ms: 1_500 },
      { type: 'answer', status: 500 },
      { type: 'answer', status: 503 },
      { type: 'answer', status: 429, headers: { 'retry-after': '1' } },
    ]);
    const share = random.next();
    const handle = proxy.fault((it) => !isWatch(it) && isOfSessions(it) && random.next() < share, fault);
    await sleep(random.ms(500, 5_000));
    handle.remove();
  },
  async 'watches break'(random) {
    proxy.inFlight(isWatch, random.pick(['cut', 'end']));
    await sleep(random.ms(100, 2_000));
  },
  async 'watches lag'(random) {
    const handle = proxy.fault(isWatch, { type: 'stream', delayMs: random.ms(500, 5_000) });
    proxy.inFlight(isWatch, 'cut');
    await sleep(random.ms(2_000, 10_000));
    handle.remove();
    proxy.inFlight(isWatch, 'cut');
  },
};

test(
  `whatever happens in ${minutes} min by seed ${seed}, no promise is broken, and all comes to rest`,
  async () => {
    onTestFailed(() => console.info(`SOAK_SEED=${seed}\n${operators.current.log().slice(-8_000)}`));
    const untilMs = Date.now() + minutes * 60_000;
    const lives = Promise.all(names.map((name, index) => live(name, seededRandom(seed + index + 1), untilMs)));
    const random = seededRandom(seed);
    const struck: Record<string, number> = {};
    while (Date.now() < untilMs) {
      const [name, strike] = random.pick(Object.entries(faults) as [[string, (typeof faults)[string]]]);
      await strike(random);
      struck[name] = (struck[name] ?? 0) + 1;
      await sleep(random.ms(200, 3_000));
    }
    await lives;
    for (const name of names) await actOn(name, 'create');
    for (const name of names) await actOn(name, 'kill');
    for (const name of names)
      if ((await place.world.session(name))?.metadata.deletionTimestamp === undefined)
        await place.world.until(
          name,
          'that is at rest',
          ({ status }) => status?.phase === 'Stopped' && !status.run,
          restMs,
        );
    for (const name of names) await actOn(name, 'remove');
    for (const name of names) await place.world.untilGone(name, restMs);
    const { broken, seen } = judgeAuditLog(await readAuditLog(server.auditLogPath));
    console.info(`Struck: ${JSON.stringify(struck)}; ${operators.count} operators; seen: ${JSON.stringify(seen)}`);
    expect(broken).toEqual([]);
    expect(seen.released).toBe(seen.pods);
    expect(seen.ends).toBe(seen.pods);
    expect(overlaps(place)).toEqual([]);
  },
  minutes * 60_000 + 4 * restMs,
);
