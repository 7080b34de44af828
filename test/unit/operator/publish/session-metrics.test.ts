import type { ObservedSession } from '@berth/operator/plan/observed.ts';
import type { Condition, WhatsAppSessionStatus } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';
import { metricsOf } from '../../../builders/metrics.ts';
import {
  aPod,
  aReport,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  containers,
  nowMs,
} from '../../../builders/observed.ts';

/** The series of one metric as a scrape gives them, without help and type. */
async function seriesOf(name: string, given: Parameters<typeof metricsOf>[0] | ReturnType<typeof metricsOf>) {
  const { registry } = given !== undefined && 'registry' in given ? given : metricsOf(given);
  const lines = (await registry.getSingleMetricAsString(name)).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

function withConditions(status: WhatsAppSessionStatus, ...told: Pick<Condition, 'type' | 'status' | 'reason'>[]) {
  const times = { message: '', observedGeneration: 1, lastTransitionTime: at(0) };
  return aSession({ status: { ...status, conditions: told.map((condition) => ({ ...condition, ...times })) } });
}

const stuck = withConditions({ phase: 'Reconnecting' }, { type: 'Stuck', status: 'True', reason: 'Unresponsive' });
const waiting = withConditions(
  { phase: 'WaitingForPairing', report: aReport({ state: 'waiting_for_pairing' }) },
  { type: 'Ready', status: 'False', reason: 'WaitingForPairing' },
  { type: 'Stuck', status: 'False', reason: 'NotStuck' },
);

test('a stuck session is told with its reason, one that waits for a person is not', async () => {
  expect(await seriesOf('berth_session_stuck', { sessions: [stuck, { ...waiting, name: 'bert' }] })).toEqual([
    'berth_session_stuck{namespace="shop",session="alice",reason="Unresponsive"} 1',
  ]);
});

test('the series of a session that is deleted vanish with the next scrape', async () => {
  const sessions: ObservedSession[] = [
    {
      ...stuck,
      status: { ...stuck.status, report: aReport({ reconnects: 3 }) },
      hasFinalizer: true,
      deletionAtMs: nowMs,
    },
  ];
  const metrics = metricsOf({ sessions });
  const names = ['phase', 'stuck'].map((name) => `berth_session_${name}`);
  names.push('berth_run_reconnects_total', 'berth_deletion_timestamp_seconds');
  for (const name of names) expect(await seriesOf(name, metrics)).toHaveLength(1);
  sessions.pop();
  for (const name of names) expect(await seriesOf(name, metrics)).toEqual([]);
});

test('the phase of a session is told once, and is Pending before there is any', async () => {
  const sessions = [stuck, aSession({ name: 'bert' })];
  expect(await seriesOf('berth_session_phase', { sessions })).toEqual([
    'berth_session_phase{namespace="shop",session="alice",phase="Reconnecting"} 1',
    'berth_session_phase{namespace="shop",session="bert",phase="Pending"} 1',
  ]);
});

test.each([
  { ready: 'RecoveryExhausted', recovery: { restarts: 5, held: 'exhausted' }, as: 'RecoveryExhausted' },
  { ready: 'Held', recovery: { restarts: 0, held: 'banned' }, as: 'banned' },
  { ready: 'Held', recovery: { restarts: 1, held: 'policy' }, as: 'policy' },
  { ready: 'ClaimInUse', recovery: undefined, as: 'ClaimInUse' },
  { ready: 'NotAllowed', recovery: undefined, as: 'NotAllowed' },
] as const)('a failed session whose Ready says $ready is told as $as', async ({ ready, recovery, as }) => {
  const status = { phase: 'Failed', ...(recovery === undefined ? {} : { recovery }) } as const;
  const session = withConditions(status, { type: 'Ready', status: 'False', reason: ready });
  expect(await seriesOf('berth_session_failed', { sessions: [session] })).toEqual([
    `berth_session_failed{namespace="shop",session="alice",reason="${as}"} 1`,
  ]);
});

test.each(['Stopped', 'Ready', 'WaitingForPairing'] as const)('a session in phase %s has not failed', async (phase) => {
  const session = withConditions({ phase, recovery: { restarts: 0, held: 'pairing_timeout' } });
  expect(await seriesOf('berth_session_failed', { sessions: [session] })).toEqual([]);
});

test('reconnects are those of the present run, and only sessions with any have a series', async () => {
  const sessions = [
    aRunningSession({ status: { report: aReport({ reconnects: 3 }) } }),
    aRunningSession({ name: 'bert' }),
    aSession({ name: 'carl' }),
  ];
  const metrics = metricsOf({ sessions });
  const expected = ['berth_run_reconnects_total{namespace="shop",session="alice"} 3'];
  expect(await seriesOf('berth_run_reconnects_total', metrics)).toEqual(expected);
  expect(await seriesOf('berth_run_reconnects_total', metrics)).toEqual(expected);
});

test('of the ends that no sink took, the oldest of each session is told, apart from those that were given up', async () => {
  const sessionEnds = [
    aSessionEnd({ settled: false, createdAtMs: 20_000 }),
    aSessionEnd({ settled: false, createdAtMs: 10_000, uid: 'end-2' }),
    aSessionEnd({ settled: true, isGivenUp: true, createdAtMs: 5_000, uid: 'end-3' }),
    aSessionEnd({ settled: true, createdAtMs: 1_000, uid: 'end-4' }),
    // A record that lies in the operator's namespace is still of its session.
    aSessionEnd({ settled: false, createdAtMs: 30_000, namespace: 'berth-system', sessionKey: 'shop/bert' }),
  ];
  const name = 'berth_session_end_undelivered_timestamp_seconds';
  expect(await seriesOf(name, { sessionEnds })).toEqual([
    `${name}{namespace="shop",session="alice",reason="retrying"} 10`,
    `${name}{namespace="shop",session="alice",reason="given_up"} 5`,
    `${name}{namespace="shop",session="bert",reason="retrying"} 30`,
  ]);
});

test('what is being deleted is told as long as our finalizer keeps it', async () => {
  const sessions = [
    aSession({ deletionRequested: true, deletionAtMs: 10_000 }),
    aSession({ name: 'bert', deletionRequested: true, deletionAtMs: 10_000, hasFinalizer: false }),
    aSession({ name: 'carl' }),
  ];
  const pods = [
    aPod({ name: 'dora', deletionRequested: true, deletionAtMs: 20_000 }),
    aPod({ name: 'emil', deletionRequested: true, deletionAtMs: 20_000, hasFinalizer: false }),
    aPod(),
  ];
  const name = 'berth_deletion_timestamp_seconds';
  expect(await seriesOf(name, { sessions, pods })).toEqual([
    `${name}{namespace="shop",session="alice",kind="WhatsAppSession"} 10`,
    `${name}{namespace="shop",session="dora",kind="Pod"} 20`,
  ]);
});

const killed = aRunningSession({}, { reason: 'force_killed', since: at(-60) });

test('a force-kill is told by the time of its order until the kubelet has reported the end', async () => {
  const name = 'berth_force_kill_timestamp_seconds';
  expect(await seriesOf(name, { sessions: [killed], pods: [aPod({ deletionRequested: true })] })).toEqual([
    `${name}{namespace="shop",session="alice"} ${nowMs / 1000 - 60}`,
  ]);
});

test.each([
  { what: 'that is confirmed', sessions: [killed], pods: [aPod({ container: containers.terminated })] },
  { what: 'whose pod is gone', sessions: [killed], pods: [] },
  { what: 'of an earlier run', sessions: [killed], pods: [aPod({ uid: 'run-2' })] },
  {
    what: 'that is a graceful stop',
    sessions: [aRunningSession({}, { reason: 'stopped', since: at(-60) })],
    pods: [aPod()],
  },
])('a force-kill $what is not told', async ({ sessions, pods }) => {
  expect(await seriesOf('berth_force_kill_timestamp_seconds', { sessions, pods })).toEqual([]);
});
