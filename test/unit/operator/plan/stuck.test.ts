import type { Observed, ObservedPod } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { nextDeadlineMs, stuckRun } from '@berth/operator/plan/stuck.ts';
import { sightingOf } from '@berth/operator/plan/symptom.ts';
import type { ReportStatus, WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { describe, expect, test } from 'vitest';
import {
  aNode,
  anObserved,
  aPod,
  aReport,
  aRunningSession,
  at,
  containers,
  nowMs,
} from '../../../builders/observed.ts';

type Recovery = WhatsAppSessionSpec['recovery'];

interface Case {
  readonly pod?: Partial<ObservedPod>;
  readonly report?: Partial<ReportStatus> | 'none';
  readonly recovery?: Recovery;
  readonly ending?: { readonly reason: 'stopped' | 'force_killed' | 'stuck'; readonly deadline?: string };
}

/** A session whose run has been seen in the same state for so many seconds. */
function seenFor(seconds: number, { pod = {}, report = {}, recovery, ending }: Case = {}): Observed {
  const session = aRunningSession({ spec: { engine: 'Baileys', ...(recovery === undefined ? {} : { recovery }) } });
  const { report: _, ...silent } = session.status;
  const { run } = session.status;
  const status = {
    ...silent,
    ...(report === 'none' ? {} : { report: aReport(report) }),
    ...(run === undefined || ending === undefined ? {} : { run: { ...run, ending: { since: at(-60), ...ending } } }),
  };
  return anObserved({
    session: { ...session, status },
    pod: aPod(pod),
    symptomSinceMs: nowMs - seconds * 1000,
  });
}

const waiting = { container: containers.waiting, ready: false } as const;
const pullFails = { state: 'waiting', reason: 'ImagePullBackOff', message: 'no such image' } as const;

describe('stuckRun()', () => {
  const table: readonly (readonly [string, Case, number, string, RegExp])[] = [
    [
      'a pod without a node',
      { pod: { ...waiting, unschedulable: 'no memory' }, report: 'none' },
      600,
      'StartBlocked',
      /no memory/,
    ],
    [
      'an image that cannot be pulled',
      { pod: { ...waiting, container: pullFails }, report: 'none' },
      600,
      'StartBlocked',
      /no such image/,
    ],
    [
      'a volume that is not mounted',
      { pod: waiting, report: 'none' },
      600,
      'StartBlocked',
      /volumes.*kubectl describe pod alice/,
    ],
    ['a silent container', { report: 'none' }, 120, 'StartTimeout', /not reported/],
    [
      'a login that leads nowhere',
      { report: { state: 'authenticated', message: 'restart required' } },
      90,
      'AuthenticatedNotReady',
      /restart required/,
    ],
    ['a probe that fails', { pod: { ready: false } }, 45, 'Unresponsive', /readiness probe fails/],
    ['dials without end', { report: { state: 'connecting' } }, 600, 'ReconnectLoop', /dials/],
    ['lost connections without end', { report: { state: 'reconnecting' } }, 600, 'ReconnectLoop', /dials/],
    [
      'too many lost connections',
      { report: { state: 'reconnecting', recentReconnects: 11 } },
      0,
      'ReconnectLoop',
      /11 times within 600 s/,
    ],
    ['a graceful end', { ending: { reason: 'stopped', deadline: at(-1) } }, 45, 'TerminationTimeout', /stopped/],
    [
      'a kill',
      { ending: { reason: 'force_killed' }, pod: { deletionRequested: true } },
      15,
      'TerminationTimeout',
      /force_killed/,
    ],
    [
      'a deletion by others',
      { pod: { deletionRequested: true, deletionGraceSeconds: 60 } },
      45,
      'TerminationTimeout',
      /Somebody deleted/,
    ],
    ['a pod that said it stops', { report: { state: 'stopping' } }, 45, 'TerminationTimeout', /said that it stops/],
  ];
  test.each(table)('sees that %s takes too long, and not a second before', (_, observed, limit, reason, message) => {
    expect(stuckRun(seenFor(limit, observed))).toMatchObject({
      reason,
      message: expect.stringMatching(message) as string,
    });
    if (limit === 0) return;
    expect(stuckRun(seenFor(limit - 1, observed))).toBeUndefined();
    expect(nextDeadlineMs(seenFor(limit - 1, observed))).toBe(1000);
  });
  test.each<[string, Case]>([
    ['that waits for a person', { report: { state: 'waiting_for_pairing' } }],
    ['that does its work', {}],
    ['that is dead', { pod: { container: containers.terminated } }],
  ])('never sees it of a run %s', (_, observed) => {
    expect(stuckRun(seenFor(100_000, observed))).toBeUndefined();
  });
  test('says of a run on a lost node what is waited for', () => {
    const node = aNode({ ready: false });
    expect(stuckRun({ ...seenFor(45, { pod: { ready: false } }), node })?.message).toContain('fence timeout');
  });
  test('takes its limits from the spec', () => {
    const observed = { report: { state: 'authenticated' }, recovery: { authenticatedSeconds: 7 } } as const;
    expect(stuckRun(seenFor(7, observed))?.reason).toBe('AuthenticatedNotReady');
    expect(stuckRun(seenFor(6, observed))).toBeUndefined();
  });
});

describe('sightingOf()', () => {
  test('begins anew when a lost node is back, but for an end that is waited for', () => {
    const unready = seenFor(0, { pod: { ready: false } });
    const killed = seenFor(0, { ending: { reason: 'force_killed' }, pod: { deletionRequested: true } });
    const lost = aNode({ ready: false });
    expect(sightingOf({ ...unready, node: lost })).not.toBe(sightingOf(unready));
    expect(sightingOf({ ...killed, node: lost })).toBe(sightingOf(killed));
  });
});

describe('plan() for a run that is stuck', () => {
  const unresponsive = { pod: { ready: false } };

  test('ends it at once, the reason first', () => {
    expect(plan(seenFor(45, unresponsive))).toMatchObject({
      reason: 'EndingStuckRun',
      actions: [
        { type: 'MarkEnding', runUid: 'run-1', reason: 'stuck' },
        { type: 'DeletePod', uid: 'run-1' },
      ],
    });
    expect(plan(seenFor(120, { report: 'none' })).actions[0]).toMatchObject({ reason: 'start_timeout' });
  });
  test('looks again when its time is over', () => {
    expect(plan(seenFor(40, unresponsive))).toEqual({ reason: 'Settled', actions: [], requeueAfterMs: 5_000 });
  });
  test('only says so where the policy is None', () => {
    const observed = seenFor(45, { ...unresponsive, recovery: { policy: 'None' } });
    expect(plan(observed).actions).toEqual([]);
    expect(condition(observed)).toMatchObject({ status: 'True', reason: 'Unresponsive' });
  });
  test('kills nothing whose start is blocked', () => {
    const observed = seenFor(600, { pod: { ...waiting, unschedulable: 'no memory' }, report: 'none' });
    expect(plan(observed).actions.map(({ type }) => type)).not.toContain('DeletePod');
    expect(condition(observed)).toMatchObject({ status: 'True', reason: 'StartBlocked' });
  });
});

describe('the condition Stuck', () => {
  test('stays while the stuck run is ended and another one is tried, until that one is ready', () => {
    const ending = { reason: 'stuck' } as const;
    const first = seenFor(45, { pod: { ready: false }, ending });
    expect(condition(first)).toMatchObject({ status: 'True', reason: 'Unresponsive' });
    const stored = stuckBefore(first);
    const { session } = stored;
    const between = anObserved({
      session: { ...session, status: { ...session.status, lastEnd: { runUid: 'run-0', reason: 'stuck', at: at(-1) } } },
      pod: aPod({ uid: 'run-2', runNumber: 2 }),
    });
    expect(condition(between)).toMatchObject({ status: 'True', reason: 'Unresponsive' });
    const report = aReport({ runUid: 'run-2' });
    const back = {
      ...between,
      session: { ...between.session, status: { ...between.session?.status, report } },
    } as Observed;
    expect(condition(back)).toMatchObject({ status: 'False', reason: 'NotStuck' });
  });
  test('is over once somebody stops the session', () => {
    const { session, ...observed } = stuckBefore(seenFor(45, { pod: { ready: false }, ending: { reason: 'stuck' } }));
    const stopped = { ...session, spec: { engine: 'Baileys', desiredState: 'Stopped' } } as const;
    expect(condition({ ...observed, session: stopped, symptomSinceMs: nowMs })).toMatchObject({ status: 'False' });
  });
});

const upFor = (seconds: number): Partial<ObservedPod> => ({
  createdAtMs: nowMs - 86_400_000, // Its start was blocked for a day.
  container: { state: 'running', startedAtMs: nowMs - seconds * 1000 },
});

describe('plan() for a QR code that nobody scans', () => {
  test('ends the run gracefully once the time for it is over', () => {
    const observed = seenFor(0, { report: { state: 'waiting_for_pairing' }, pod: upFor(3_600) });
    expect(plan(observed)).toMatchObject({ reason: 'Ending', actions: [{ reason: 'pairing_timeout' }] });
  });
  test('looks again then', () => {
    const observed = seenFor(0, { report: { state: 'waiting_for_pairing' }, pod: upFor(3_599) });
    expect(plan(observed)).toEqual({ reason: 'Settled', actions: [], requeueAfterMs: 1_000 });
  });
});

const condition = (observed: Observed) =>
  observed.session && sessionStatus(observed, observed.session).conditions?.find(({ type }) => type === 'Stuck');

/** The same, with its status written. */
function stuckBefore(observed: Observed) {
  const { session } = observed;
  if (session === undefined) throw new TypeError('Cannot write a status: there is no session');
  return { ...observed, session: { ...session, status: sessionStatus(observed, session) } };
}
