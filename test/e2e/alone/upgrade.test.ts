import { path } from '@berth/operator/resource/names.ts';
import type { WhatsAppSession } from '@berth/operator/resource/whatsapp-session.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { hasKind } from '../../cluster/kind.ts';
import { waitUntil } from '../../cluster/wait-until.ts';
import { type ClusterWorld, isTrue } from '../../deployment/cluster-world.ts';
import { devImage } from '../../deployment/dev-image.ts';
import { berthNamespace, installBerth, operator, rollBackBerth } from '../../deployment/install-berth.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { makeNextVersion, type NextVersion } from '../../deployment/next-version.ts';
import { probeReports } from '../../deployment/probe-reports.ts';
import { serviceAddress } from '../../deployment/reach-service.ts';
import { aWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin } from '../outcome.ts';

const concurrent = 2;
/** Sessions tell in their logs what became of each report. */
const settings = ['replicas=2', `rollout.concurrent=${concurrent}`, 'session.env.LOG_LEVEL="debug"'];
const steady = ['steady-1', 'steady-2'];
const paced = ['paced-1', 'paced-2', 'paced-3', 'paced-4'];
/** Loses its connection again and again, and so has something to report. */
const restless = 'restless';

let next: NextVersion;
beforeAll(async () => {
  next = await makeNextVersion('0.2.0');
  await installBerth(inject('standIns'), settings);
  // One that leaves leads for some seconds more: a session that it starts has its settings, and would be renewed for that.
  await waitUntil('two operators and none that leaves', 60_000, async () => {
    const words = ['--namespace', berthNamespace, 'get', 'pods', '--selector', operator.selector, '--output=name'];
    const seen = await kubectl(words);
    return seen.trim().split('\n').length === 2 ? { value: undefined } : { seen };
  });
}, 180_000);
afterAll(async () => {
  await installBerth(inject('standIns'));
  await next.remove();
}, 180_000);

test('an upgrade of Berth with another session image touches no session with rollout OnNextStart, renews those with Paced a few at a time, and loses no report; a rollback likewise', async () => {
  const world = await aWorld();
  const names = [...steady, ...paced, restless];
  const runs = new Map<string, { phone: string; device: string; runUid: string }>();
  await Promise.all(
    names.map(async (name) => {
      const rollout = paced.includes(name) ? 'Paced' : 'OnNextStart';
      const { phone, runUid } = await world.startPaired(name, { rollout });
      runs.set(name, { phone, runUid, device: await deviceOf(world, phone) });
    }),
  );
  const firstRun = (name: string) => runs.get(name)?.runUid ?? '';
  const phoneOf = (name: string) => runs.get(name)?.phone ?? '';
  const watched = await watchSessions(world);
  const probe = (await hasKind())
    ? undefined // There is no way from this machine to a Service's own address.
    : probeReports(`https://${await serviceAddress(operator.namespace, operator.name)}:8443`);
  const restlessness = loseConnections(world, phoneOf(restless));

  const upgradedAtMs = performance.now();
  await installBerth(world.standIns, [...settings, ...next.settings], next.chart);
  const rolledOutMs = performance.now() - upgradedAtMs;
  const images = '--output=jsonpath={.items[*].spec.containers[*].image}';
  const pods = ['--namespace', berthNamespace, 'get', 'pods', '--selector', operator.selector, '--field-selector'];
  await waitUntil('operators of the next version alone', 60_000, async () => {
    const seen = await kubectl([...pods, 'status.phase=Running', images]);
    return seen === `${next.image('operator')} ${next.image('operator')}` ? { value: undefined } : { seen };
  });
  const secondRuns = await Promise.all(paced.map((name) => world.untilReady(name, firstRun(name))));
  const renewedMs = performance.now() - upgradedAtMs;
  const losses = await restlessness.stop();
  await world.untilReady(restless);
  const probed = await probe?.stop();
  console.log(
    `Operators of the next version after ${(rolledOutMs / 1000).toFixed(1)} s, ${paced.length} sessions renewed after ` +
      `${(renewedMs / 1000).toFixed(1)} s, at most ${watched.mostAway} away at once; ${losses} connections lost meanwhile`,
  );
  if (probed) console.log(`Of ${probed.asked} connections to the receiver: ${JSON.stringify(probed)}`);

  expect(probed?.failures ?? []).toEqual([]); // Whoever leaves takes reports until no node sends it any.
  // Looked at in every state that the API server told, not at the end alone.
  for (const name of steady) {
    expect(watched.of(name).filter(({ uid, isReady }) => uid !== firstRun(name) || !isReady)).toEqual([]);
    expect((await world.pod(name))?.metadata.uid).toBe(firstRun(name));
    expect(await imageOf(world, name)).toBe(devImage('session-baileys'));
    expect(await world.ends(name)).toEqual([]);
  }
  expect(watched.of(restless).filter(({ uid }) => uid !== firstRun(restless))).toEqual([]);
  expect(watched.mostAway).toBe(concurrent);
  for (const name of paced) {
    await expectEnds(world, name, [[firstRun(name), 'spec_changed']]);
    expect(await imageOf(world, name)).toBe(next.image('session-baileys'));
    const { phone = '', device = '' } = runs.get(name) ?? {};
    await expectSameLogin(world, name, phone, device);
  }

  await untilAllReportsArrived(world, [...steady, restless, ...paced]);
  const reports = await reportsOf(world, restless);
  expect(reports.filter(({ status }) => status === 200).length).toBeGreaterThan(2);
  const refused = reports.filter(({ status }) => status !== 200);
  console.log(`${reports.length} reports of the restless session, of which ${refused.length} had to be sent again`);

  const [first = '', second = ''] = steady;
  await world.patch(first, { restartedAt: new Date().toISOString() });
  await world.untilReady(first, firstRun(first));
  expect(await imageOf(world, first)).toBe(next.image('session-baileys'));
  const { phone = '', device = '' } = runs.get(first) ?? {};
  await expectSameLogin(world, first, phone, device);
  await expectEnds(world, first, [[firstRun(first), 'restarted']]);

  await rollBackBerth();
  await Promise.all(paced.map((name, at) => world.untilReady(name, secondRuns[at])));
  await watched.stop();
  expect(watched.of(second).filter(({ uid, isReady }) => uid !== firstRun(second) || !isReady)).toEqual([]);
  expect(watched.mostAway).toBe(concurrent);
  for (const [at, name] of paced.entries()) {
    expect(await imageOf(world, name)).toBe(devImage('session-baileys'));
    await expectEnds(world, name, [
      [firstRun(name), 'spec_changed'],
      [secondRuns[at] ?? '', 'spec_changed'],
    ]);
  }
}, 400_000);

async function imageOf({ namespace }: ClusterWorld, name: string): Promise<string> {
  return kubectl(['--namespace', namespace, 'get', 'pod', name, '--output=jsonpath={.spec.containers[0].image}']);
}

interface Seen {
  readonly uid: string | undefined;
  readonly isReady: boolean;
}

/** Follows every change of the sessions, until it is stopped. */
async function watchSessions({ client, namespace }: ClusterWorld) {
  const stopped = new AbortController();
  const at = path.sessions(namespace);
  const { metadata } = await client.request<{ metadata: { resourceVersion: string } }>({ method: 'GET', path: at });
  const seen = new Map<string, Seen[]>();
  const away = new Set<string>();
  let mostAway = 0;
  const query = { watch: 'true', resourceVersion: metadata.resourceVersion };
  const over = (async () => {
    for await (const { type, object } of client.watch({
      path: at,
      query,
      idleTimeoutMs: 300_000,
      signal: stopped.signal,
    })) {
      if (type === 'BOOKMARK') continue;
      const { metadata: its, status, spec } = object as unknown as WhatsAppSession;
      const isReady = isTrue(status?.conditions, 'Ready');
      seen.set(its.name, [...(seen.get(its.name) ?? []), { uid: status?.run?.uid, isReady }]);
      if (spec.rollout !== 'Paced') continue;
      if (isReady) away.delete(its.name);
      else away.add(its.name);
      mostAway = Math.max(mostAway, away.size);
    }
  })().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
  });
  return {
    of: (name: string): readonly Seen[] => seen.get(name) ?? [],
    get mostAway() {
      return mostAway;
    },
    async stop() {
      stopped.abort();
      await over;
    },
  };
}

/** Cuts the connection of a phone's session as often as it is there again. */
function loseConnections({ phone }: ClusterWorld, number: string) {
  const stopped = new AbortController();
  let losses = 0;
  const losing = (async () => {
    while (!stopped.signal.aborted) {
      const before = (await phone.connections(number)).length;
      await phone.fault('drop', number);
      losses += 1;
      await waitUntil(`another login of ${number}`, 60_000, async () => {
        const all = await phone.connections(number);
        const isBack = all.length > before && all.at(-1)?.outcome === 'accepted';
        return isBack ? { value: undefined } : { seen: JSON.stringify(all.at(-1)) };
      });
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await losing;
      return losses;
    },
  };
}

/** What a session's present run sent and what was answered; undefined where no answer came. */
async function reportsOf({ namespace }: ClusterWorld, name: string) {
  const lines = (await kubectl(['--namespace', namespace, 'logs', name, '--tail=-1'])).split('\n');
  return lines
    .filter((line) => line.includes('"Report answered"'))
    .map((line) => JSON.parse(line) as { status?: number; sequence: number; state: string });
}

/** The last report that a pod has got rid of is the one in its session's status, and it has none left. */
async function untilAllReportsArrived(world: ClusterWorld, names: readonly string[]): Promise<void> {
  for (const name of names)
    await waitUntil(`last report of "${name}" in its status`, 60_000, async () => {
      const [reports, states, session] = [
        await reportsOf(world, name),
        await world.states(name),
        await world.session(name),
      ];
      const last = reports.at(-1);
      const { report } = session?.status ?? {};
      const isThere =
        last?.status === 200 &&
        last.state === states.at(-1) &&
        report?.sequence === last.sequence &&
        report.state === last.state;
      return isThere ? { value: undefined } : { seen: JSON.stringify({ last, state: states.at(-1), report }) };
    });
}
