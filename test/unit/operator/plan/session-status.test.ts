import type { Observed } from '@berth/operator/plan/observed.ts';
import { reportedStatus, sessionStatus } from '@berth/operator/plan/session-status.ts';
import type { ReportStatus } from '@berth/operator/resource/whatsapp-session.ts';
import { describe, expect, test } from 'vitest';
import {
  anObserved,
  aPod,
  aReport,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  containers,
  nowMs,
} from '../../../builders/observed.ts';

function statusOf(overrides: Partial<Observed>, failure?: string) {
  const observed = anObserved(overrides);
  return sessionStatus(observed, observed.session ?? aSession(), failure);
}
const readyOf = (status: ReturnType<typeof statusOf>) => status.conditions?.find(({ type }) => type === 'Ready');

describe('sessionStatus() says in a word and a sentence where a session is', () => {
  const reporting = (report: Parameters<typeof aReport>[0]) => ({
    session: aRunningSession({ status: { report: aReport(report) } }),
    pod: aPod(),
  });
  test.each<[string, Partial<Observed>, string, string]>([
    ['a new pod', { session: aRunningSession({ status: {} }), pod: aPod({ uid: 'run-2' }) }, 'Starting', 'Starting'],
    ['a shown QR code', reporting({ state: 'waiting_for_pairing' }), 'WaitingForPairing', 'WaitingForPairing'],
    ['a dial', reporting({ state: 'connecting' }), 'Connecting', 'Connecting'],
    ['a connection', reporting({ state: 'ready' }), 'Ready', 'Ready'],
    ['a lost connection', reporting({ state: 'reconnecting' }), 'Reconnecting', 'Reconnecting'],
    [
      'a probe that failed after it was ready',
      { session: aRunningSession(), pod: aPod({ ready: false, readyChangedAtMs: nowMs - 5_000 }) },
      'Reconnecting',
      'NotResponding',
    ],
    [
      'a probe that has not seen it ready yet',
      { session: aRunningSession(), pod: aPod({ ready: false, readyChangedAtMs: nowMs - 60_000 }) },
      'Ready',
      'Ready',
    ],
    [
      'a run that is being ended',
      { session: aRunningSession({}, { reason: 'stopped', since: at(-1), deadline: at(29) }), pod: aPod() },
      'Terminating',
      'Terminating',
    ],
    ['a stop', { session: aSession({ spec: { engine: 'Baileys', desiredState: 'Stopped' } }) }, 'Stopped', 'Stopped'],
    ['a kill', { session: aSession({ spec: { engine: 'Baileys', desiredState: 'Killed' } }) }, 'Stopped', 'Killed'],
  ])('%s', (_name, overrides, phase, reason) => {
    const status = statusOf(overrides);
    expect({ phase: status.phase, reason: readyOf(status)?.reason }).toEqual({ phase, reason });
  });

  test('an image that cannot be pulled is named with the words of the kubelet', () => {
    const container = { state: 'waiting', reason: 'ImagePullBackOff', message: 'no such image "x"' } as const;
    const status = statusOf({ session: aRunningSession({ status: {} }), pod: aPod({ uid: 'run-2', container }) });
    expect(readyOf(status)).toMatchObject({
      status: 'False',
      reason: 'StartBlocked',
      message: 'The container cannot start (ImagePullBackOff): no such image "x"',
    });
  });
  test('a pod that no node takes is named with the words of the scheduler', () => {
    const pod = aPod({ uid: 'run-2', container: containers.absent, unschedulable: '0/1 nodes are available' });
    expect(readyOf(statusOf({ session: aRunningSession({ status: {} }), pod }))?.message).toBe(
      'No node can take the pod: 0/1 nodes are available',
    );
  });
  test('what failed is told while nothing runs', () => {
    expect(readyOf(statusOf({}, 'Cannot create the pod'))).toMatchObject({
      reason: 'ReconcileFailed',
      message: 'Cannot create the pod',
    });
  });
});

describe('sessionStatus() of webhooks', () => {
  const webhooks = [
    { url: 'https://a.example/hook', events: ['session_end' as const], secretRef: { name: 'keys', key: 'a' } },
  ];
  const session = aRunningSession({ spec: { engine: 'Baileys', webhooks } });
  const webhooksOf = (overrides: Partial<Observed>) =>
    statusOf({ session, pod: aPod(), ...overrides }).conditions?.find(({ type }) => type === 'WebhooksReady');

  test('a missing secret is named', () => {
    expect(webhooksOf({ missingSecrets: ['keys/a'] })).toMatchObject({ status: 'False', reason: 'SecretMissing' });
    expect(webhooksOf({ missingSecrets: ['keys/a'] })?.message).toContain('"keys/a"');
  });
  test('a failed delivery is named, and gone when it came through', () => {
    const undelivered = { count: 1, lastError: 'connection refused' };
    expect(webhooksOf({ undelivered })).toMatchObject({ status: 'False', reason: 'DeliveryFailed' });
    expect(webhooksOf({})).toMatchObject({ status: 'True' });
  });
});

describe('sessionStatus() keeps the account of runs', () => {
  test('a run is kept until its end is recorded', () => {
    expect(statusOf({ session: aRunningSession() }).run?.uid).toBe('run-1');
  });
  test('a recorded run moves into lastEnd together with how to go on', () => {
    const status = statusOf({ session: aRunningSession(), sessionEnd: aSessionEnd() });
    expect(status.run).toBeUndefined();
    expect(status.lastEnd).toMatchObject({ runUid: 'run-1', number: 1, reason: 'crashed', terminationConfirmed: true });
    expect(status.recovery?.restarts).toBe(1);
    const waitMs = Date.parse(status.recovery?.nextRestartAt ?? '') - Date.parse(at(-1));
    expect(waitMs).toBeGreaterThanOrEqual(0);
    expect(waitMs).toBeLessThanOrEqual(5_000);
  });
  test('an old view of a pod makes no run that is over the present one again', () => {
    const lastEnd = { runUid: 'run-1', number: 1, reason: 'crashed', at: at(-1) } as const;
    expect(statusOf({ session: aSession({ status: { lastEnd } }), pod: aPod() }).run).toBeUndefined();
    const run = { uid: 'run-2', number: 2 };
    expect(statusOf({ session: aSession({ status: { lastEnd, run } }), pod: aPod() }).run).toEqual(run);
  });
  test('the report stays as its receiver wrote it', () => {
    const session = aRunningSession();
    expect(statusOf({ session, pod: aPod() }).report).toEqual(session.status.report);
  });
  test('the time of a condition moves only with its status', () => {
    const old = {
      type: 'Ready',
      status: 'False',
      reason: 'Starting',
      message: '',
      lastTransitionTime: at(-30),
    } as const;
    const session = aRunningSession({
      status: { conditions: [old], report: aReport({ state: 'waiting_for_pairing' }) },
    });
    expect(readyOf(statusOf({ session, pod: aPod() }))).toMatchObject({
      reason: 'WaitingForPairing',
      lastTransitionTime: at(-30),
    });
  });
});

describe('sessionStatus() decides how a session goes on after an end', () => {
  const afterEnd = (
    end: NonNullable<Parameters<typeof aSessionEnd>[0]>,
    restarts = 3,
    report: Partial<ReportStatus> = {},
  ) =>
    statusOf({
      session: aRunningSession({
        status: {
          recovery: { restarts },
          report: aReport({ ...(end.readyAt === undefined ? {} : { stateSince: end.readyAt }), ...report }),
        },
      }),
      sessionEnd: aSessionEnd(end),
    }).recovery;

  test.each(['stopped', 'force_killed', 'restarted', 'spec_changed'] as const)('%s forgets the count', (reason) => {
    expect(afterEnd({ reason })).toEqual({ restarts: 0 });
  });
  test.each(['pod_deleted', 'node_lost'] as const)('%s goes on at once, and counts for nothing', (reason) => {
    expect(afterEnd({ reason })).toEqual({ restarts: 3 });
  });
  test.each(['replaced', 'banned', 'auth_failure'] as const)('%s holds the session', (reason) => {
    expect(afterEnd({ reason })).toEqual({ restarts: 3, held: reason });
  });
  test('a crash after a long healthy time counts as the first', () => {
    expect(afterEnd({ reason: 'crashed', readyAt: at(-301) })?.restarts).toBe(1);
    expect(afterEnd({ reason: 'crashed', readyAt: at(-299) })?.restarts).toBe(4);
  });
  test('a run that flapped was never healthy, however long ago it was first ready', () => {
    const flapped = { reason: 'crashed', readyAt: at(-3_000) } as const;
    expect(afterEnd(flapped, 3, { stateSince: at(-20) })?.restarts).toBe(4);
    expect(afterEnd({ ...flapped, reason: 'stuck' }, 3, { state: 'reconnecting' })?.restarts).toBe(4);
  });
  test('an eviction goes on at once after a healthy run, and with a wait after a young one', () => {
    expect(afterEnd({ reason: 'evicted', readyAt: at(-301) })).toEqual({ restarts: 0 });
    expect(afterEnd({ reason: 'evicted' })).toEqual({ restarts: 3, nextRestartAt: expect.any(String) as string });
  });
  test('the end after the last restart of the budget gives the session up', () => {
    expect(afterEnd({ reason: 'stuck' }, 4)).toMatchObject({ restarts: 5 });
    expect(afterEnd({ reason: 'stuck' }, 5)).toEqual({ restarts: 5, held: 'exhausted' });
    expect(afterEnd({ reason: 'crashed', readyAt: at(-301) }, 5)).toMatchObject({ restarts: 1 }); // It is full again.
  });
  test('a session that was given up is Failed, and says how to start it', () => {
    const session = aRunningSession({ status: { recovery: { restarts: 5 } } });
    const status = statusOf({ session, sessionEnd: aSessionEnd({ reason: 'stuck' }) });
    expect(status.phase).toBe('Failed');
    expect(readyOf(status)).toMatchObject({ reason: 'RecoveryExhausted' });
    expect(readyOf(status)?.message).toContain('spec.restartedAt');
  });
  test('a logout does not use the budget up: a person is asked for', () => {
    expect(afterEnd({ reason: 'logged_out' }, 5)).toMatchObject({ restarts: 6 });
  });
  test('with the policy Stop no failure is followed by another run', () => {
    const spec = { engine: 'Baileys', recovery: { policy: 'Stop' } } as const;
    const session = aRunningSession({ spec, status: { recovery: { restarts: 0 } } });
    expect(statusOf({ session, sessionEnd: aSessionEnd({ reason: 'stuck' }) })).toMatchObject({
      phase: 'Failed',
      recovery: { restarts: 0, held: 'policy' },
    });
  });
  test('the wait never exceeds its bound', () => {
    for (let run = 0; run < 200; run++) {
      const session = aRunningSession({
        spec: { engine: 'Baileys', recovery: { maxRestarts: 100 } },
        status: { recovery: { restarts: 50 }, run: { uid: `run-${run}`, number: 1 } },
      });
      const { recovery } = statusOf({ session, sessionEnd: aSessionEnd({ runUid: `run-${run}` }) });
      const waitMs = Date.parse(recovery?.nextRestartAt ?? '') - Date.parse(at(-1));
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(300_000);
    }
  });
});

describe('what could not be stored or be true is not written', () => {
  test('sessionStatus() cuts the words of others to what the CRD takes', () => {
    const container = { state: 'waiting', reason: 'CreateContainerError', message: 'x'.repeat(4_000) } as const;
    const status = statusOf({ session: aRunningSession({ status: {} }), pod: aPod({ uid: 'run-2', container }) });
    expect(readyOf(status)).toMatchObject({ reason: 'StartBlocked' });
    expect(readyOf(status)?.message).toHaveLength(2_048);
  });

  test('reportedStatus() does not say that a newer spec was acted on', () => {
    const session = aRunningSession({ generation: 2, status: { observedGeneration: 1 } });
    const { observedGeneration, conditions } = reportedStatus(session, aPod(), session, nowMs);
    expect([observedGeneration, ...(conditions ?? []).map((each) => each.observedGeneration)]).toEqual([1, 1, 1, 1]);
  });
});
