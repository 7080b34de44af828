import { isConfirmedDead } from '@berth/operator/plan/confirmed-dead.ts';
import type { Observed, ObservedPod, ObservedSession } from '@berth/operator/plan/observed.ts';
import { isOver } from '@berth/operator/plan/old-view.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anObserved, aPod, aReport, aSession, aSessionEnd, at, containers } from '../../../builders/observed.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const ending = fc.constantFrom(
  undefined,
  { reason: 'stopped', since: at(-5), deadline: at(25) } as const,
  { reason: 'stopped', since: at(-40), deadline: at(-10) } as const,
  { reason: 'force_killed', since: at(-1) } as const,
);

const session: fc.Arbitrary<ObservedSession> = fc
  .record({
    uid: fc.constantFrom('session-1', 'session-2'),
    deletionRequested: fc.boolean(),
    hasFinalizer: fc.boolean(),
    desiredState: fc.constantFrom(undefined, 'Running', 'Stopped', 'Killed'),
    runUid: maybe(fc.constantFrom('run-1', 'run-0')),
    ending,
    reported: fc.boolean(),
  })
  .map(({ uid, deletionRequested, hasFinalizer, desiredState, runUid, ending: end, reported }) =>
    aSession({
      uid,
      deletionRequested,
      hasFinalizer,
      spec: { engine: 'Baileys', ...(desiredState === undefined ? {} : { desiredState }) },
      status: {
        ...(runUid === undefined
          ? {}
          : { run: { uid: runUid, number: 1, ...(end === undefined ? {} : { ending: end }) } }),
        ...(reported ? { report: aReport() } : {}),
      },
    }),
  );

const pod: fc.Arbitrary<ObservedPod> = fc
  .record({
    container: fc.constantFrom(...Object.values(containers)),
    deletionRequested: fc.boolean(),
    deletionGraceSeconds: fc.constantFrom(0, 8, 60),
    hasFinalizer: fc.boolean(),
    phase: fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded'),
    disrupted: fc.boolean(),
    bound: fc.boolean(),
  })
  .map(({ bound, ...rest }) => {
    const { nodeName, ...unbound } = aPod(rest);
    return bound && nodeName !== undefined ? { ...unbound, nodeName } : unbound;
  });

const observed: fc.Arbitrary<Observed> = fc
  .record({
    session: maybe(session),
    pod: maybe(pod),
    end: maybe(fc.record({ runUid: fc.constantFrom('run-1', 'run-0'), settled: fc.boolean() })),
    draining: fc.boolean(),
  })
  .map(({ session: s, pod: p, end, draining }) => {
    const { session: _, ...rest } = anObserved({ draining });
    const runUid = p?.uid ?? s?.status.run?.uid;
    return {
      ...rest,
      ...(s === undefined ? {} : { session: s }),
      ...(p === undefined ? {} : { pod: p }),
      ...(end !== undefined && end.runUid === runUid ? { sessionEnd: aSessionEnd(end) } : {}),
    };
  });

const property = (name: string, holds: (given: Observed, actions: ReturnType<typeof plan>['actions']) => void) =>
  test(`plan() ${name}`, () => {
    fc.assert(
      fc.property(observed, (given) => holds(given, plan(given).actions)),
      { numRuns: 20_000 },
    );
  });

property('creates a pod only where there is none, and no run is left open', ({ pod: p, session: s }, actions) => {
  if (actions.some(({ type }) => type === 'CreatePod')) {
    expect(p).toBeUndefined();
    expect(s?.status.run).toBeUndefined();
    expect(['Running', undefined]).toContain(s?.spec.desiredState);
  }
});

property('releases a pod only when it is dead and its end is recorded', ({ pod: p, sessionEnd }, actions) => {
  if (p !== undefined && actions.some(({ type }) => type === 'RemovePodFinalizer')) {
    expect(isConfirmedDead(p)).toBe(true);
    expect(sessionEnd?.runUid).toBe(p.uid);
  }
});

property('takes the session finalizer off only when no pod and no open run is left', (given, actions) => {
  if (actions.some(({ type }) => type === 'RemoveSessionFinalizer')) {
    expect(given.pod).toBeUndefined();
    const run = given.session?.status.run;
    if (run !== undefined) expect(given.sessionEnd?.runUid).toBe(run.uid);
  }
});

property('deletes a living pod of its own session only after the reason is written down', (given, actions) => {
  const { pod: p, session: s } = given;
  const index = actions.findIndex(({ type }) => type === 'DeletePod');
  if (index < 0 || p === undefined || s === undefined || p.sessionUid !== s.uid || isConfirmedDead(p)) return;
  const written = s.status.run?.uid === p.uid && s.status.run.ending !== undefined;
  expect(written || actions.slice(0, index).some(({ type }) => type === 'MarkEnding')).toBe(true);
});

property('records the end of a run once at most, and never of one that lives', ({ pod: p, sessionEnd }, actions) => {
  if (!actions.some(({ type }) => type === 'CreateSessionEnd')) return;
  expect(sessionEnd).toBeUndefined();
  if (p !== undefined) expect(isConfirmedDead(p)).toBe(true);
});

property('never waits for a killed run without having ordered its death', (given, actions) => {
  const { pod: p, session: s } = given;
  if (s?.spec.desiredState !== 'Killed' || p === undefined || p.sessionUid !== s.uid || isConfirmedDead(p)) return;
  // Such a pod gets its finalizer back first, or cannot; and of an old view nothing follows.
  if (!p.hasFinalizer || isOver(p, s)) return;
  const ordered = p.deletionRequested && p.deletionGraceSeconds === 0;
  expect(ordered || actions.some(({ type }) => type === 'DeletePod')).toBe(true);
});

test('plan() gives the same plan for the same observation', () => {
  fc.assert(
    fc.property(observed, (given) => {
      expect(plan(structuredClone(given))).toEqual(plan(given));
    }),
  );
});
