import type { Action, Plan, Rule } from '@berth/operator/plan/action.ts';
import { isConfirmedDead } from '@berth/operator/plan/confirmed-dead.ts';
import { deletion } from '@berth/operator/plan/deletion.ts';
import { drain } from '@berth/operator/plan/drain.ts';
import { endOfRun } from '@berth/operator/plan/end-of-run.ts';
import { recordEnd } from '@berth/operator/plan/end-record.ts';
import { foreignPod } from '@berth/operator/plan/foreign-pod.ts';
import { holdPod } from '@berth/operator/plan/hold-pod.ts';
import { kill } from '@berth/operator/plan/kill.ts';
import { lostNode } from '@berth/operator/plan/lost-node.ts';
import { lostRun } from '@berth/operator/plan/lost-run.ts';
import type { Observed } from '@berth/operator/plan/observed.ts';
import { oldView } from '@berth/operator/plan/old-view.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { renewal } from '@berth/operator/plan/renewal.ts';
import { repair } from '@berth/operator/plan/repair.ts';
import { start } from '@berth/operator/plan/start.ts';
import { stop } from '@berth/operator/plan/stop.ts';
import { stuck } from '@berth/operator/plan/stuck.ts';
import type { Mutant } from './leader.ts';

/** The rules of `plan()`, in its order. */
export const rules: Readonly<Record<string, Rule<Observed>>> = {
  oldView,
  holdPod,
  foreignPod,
  kill,
  endOfRun,
  lostRun,
  deletion,
  drain,
  stop,
  renewal,
  lostNode,
  stuck,
  repair,
  start,
};

/** `plan()` made of some rules. */
const planBy =
  (chosen: readonly Rule<Observed>[]) =>
  (observed: Observed): Plan => {
    for (const rule of chosen) {
      const decision = rule(observed);
      if (decision !== undefined) return decision;
    }
    return { reason: 'Settled', actions: [] };
  };

const withoutRule = (name: string): Mutant => ({
  name: `${name} is forgotten`,
  plan: planBy(Object.entries(rules).flatMap(([each, rule]) => (each === name ? [] : [rule]))),
});

/** Changes the actions of plans. */
const acting = (
  name: string,
  become: (actions: readonly Action[], observed: Observed) => readonly Action[],
): Mutant => ({
  name,
  plan(observed) {
    const decision = plan(observed);
    return { ...decision, actions: become(decision.actions, observed) };
  },
});
const isOf =
  (...types: readonly Action['type'][]) =>
  ({ type }: Action) =>
    types.includes(type);
const without =
  (...types: readonly Action['type'][]) =>
  (actions: readonly Action[]) =>
    actions.filter((action) => !isOf(...types)(action));
/** Where both are in a plan, the second one is done first. */
const swapped = (first: Action['type'], second: Action['type']) =>
  acting(`${second} comes before ${first}`, (actions) => {
    const [one, two] = [actions.find(isOf(first)), actions.find(isOf(second))];
    if (one === undefined || two === undefined) return actions;
    return actions.map((action) => (action === one ? two : action === two ? one : action));
  });

/** Takes one step of the end before the one that it must follow. */
const early = (name: string, rule: Rule<Observed>): Mutant => ({ name, plan: planBy([rule, ...Object.values(rules)]) });

const releasesEarly = early('the pod is released before its end is recorded', ({ pod, sessionEnd }) => {
  if (pod === undefined || sessionEnd !== undefined || !isConfirmedDead(pod) || !pod.hasFinalizer) return undefined;
  return {
    reason: 'ReleasingPod',
    actions: [
      { type: 'DeletePod', uid: pod.uid },
      { type: 'RemovePodFinalizer', uid: pod.uid },
    ],
  };
});

const recordsEarly = early('the end is recorded once the pod is asked to go, dead or not', (observed) => {
  const { pod, sessionEnd } = observed;
  if (pod === undefined || sessionEnd !== undefined || !pod.deletionRequested || !pod.hasFinalizer) return undefined;
  return { reason: 'RecordingSessionEnd', actions: [recordEnd(pod, observed, true)] };
});

const asksEarly = early('a pod is asked to stop before the reason is written down', ({ pod, session }) => {
  const run = session?.status.run;
  if (session?.spec.desiredState !== 'Stopped' || pod === undefined || run?.uid !== pod.uid || run.ending)
    return undefined;
  return { reason: 'AskingPodToStop', actions: [{ type: 'AskPodToStop', uid: pod.uid, withinMs: 30_000 }] };
});

const killsEarly = early('a pod is deleted before the reason is written down', ({ pod, session }) => {
  if (session?.spec.desiredState !== 'Killed' || pod === undefined || pod.deletionRequested) return undefined;
  return { reason: 'KillingPod', actions: [{ type: 'DeletePod', uid: pod.uid }] };
});

const startsEarly: Mutant = {
  name: 'the next run starts before the status has closed the one before',
  plan(observed) {
    const { session, pod } = observed;
    if (session?.status.run === undefined || pod !== undefined || observed.sessionEnd === undefined)
      return plan(observed);
    const { run: _, ...status } = session.status;
    return plan({ ...observed, session: { ...session, status } });
  },
};

/** `plan()` as it would be on a changed view. */
const seeing = (name: string, become: (observed: Observed) => Observed): Mutant => ({
  name,
  plan: (observed) => plan(become(observed)),
});

/** Bugs that show in a world where nothing is late: one for each rule, for each ordered pair of writes. */
export const mutants: readonly Mutant[] = [
  ...Object.keys(rules)
    .filter((name) => !['oldView', 'lostNode', 'stuck'].includes(name)) // They show in worlds of their own.
    .map(withoutRule),

  swapped('MarkEnding', 'DeletePod'),
  swapped('DeleteClaim', 'RemoveSessionFinalizer'),
  acting('a session never gets our finalizer', without('AddSessionFinalizer')),
  asksEarly,
  killsEarly,
  recordsEarly,
  releasesEarly,
  startsEarly,
  acting('the reason is never written down', without('MarkEnding')),
  acting('a dead pod that nobody deletes is only let go', (actions, { pod }) =>
    pod !== undefined && isConfirmedDead(pod) ? without('DeletePod')(actions) : actions,
  ),
  acting('the pod is deleted and never let go', without('RemovePodFinalizer')),
  seeing('the sinks get no time', (observed) =>
    observed.sessionEnd === undefined
      ? observed
      : { ...observed, sessionEnd: { ...observed.sessionEnd, settled: true } },
  ),
  seeing('a pod with a node whose container waits is taken for dead', (observed) => {
    const { pod } = observed;
    if (pod?.deletionRequested !== true || pod.container.state !== 'waiting') return observed;
    const { nodeName: _, ...unbound } = pod;
    return { ...observed, pod: unbound };
  }),
  seeing('a death that nobody confirmed is not waited for', (observed) => ({
    ...observed,
    config: { ...observed.config, unconfirmedWaitMs: 0 },
  })),
  seeing('what holds a session is forgotten', (observed) => {
    const { session } = observed;
    if (session?.status.recovery?.held === undefined) return observed;
    return { ...observed, session: { ...session, status: { ...session.status, recovery: { restarts: 0 } } } };
  }),
  {
    name: 'a backoff asks nobody to be woken',
    plan(observed) {
      const { requeueAfterMs: _, ...decision } = plan(observed);
      return decision;
    },
  },
];

/** Bugs that only show while a watch is late. */
export const mutantsOfLateWatches: readonly Mutant[] = [
  withoutRule('oldView'),
  { name: 'RemoveSessionFinalizer carries no version', without: ['version of RemoveSessionFinalizer'] },
  { name: 'the status carries no version', without: ['version of the status'] },
  { name: 'CreateSessionEnd makes up a name', without: ['name of CreateSessionEnd'] },
  { name: 'CreatePod does not ask for the newest session', without: ['newest session of CreatePod'] },
];

/** `plan()` as it would be on a changed view, and the status with it. */
const believing = (name: string, become: (observed: Observed) => Observed): Mutant => ({
  ...seeing(name, become),
  told: become,
});

/** Bugs that only show where a node is lost. */
export const mutantsOfLostNodes: readonly Mutant[] = [
  withoutRule('lostNode'),
  seeing('the fence timeout is not waited for', (observed) => ({
    ...observed,
    config: { ...observed.config, fenceMs: 0 },
  })),
  seeing('nothing on a lost node is ever presumed dead', (observed) => {
    const { node: _, ...nodeless } = observed;
    return nodeless;
  }),
  seeing('a node whose object is gone proves that its processes are dead', (observed) => {
    const { pod, node } = observed;
    if (pod === undefined || node?.exists !== false) return observed;
    return { ...observed, pod: { ...pod, container: { state: 'terminated', reason: '', message: '', exitCode: 137 } } };
  }),
  seeing('a pod that the garbage collector calls failed is taken for dead', (observed) =>
    observed.pod === undefined ? observed : { ...observed, pod: { ...observed.pod, disrupted: false } },
  ),
  acting('a presumed death is recorded as confirmed', (actions) =>
    actions.map((action) =>
      action.type === 'CreateSessionEnd' ? { ...action, spec: { ...action.spec, terminationConfirmed: true } } : action,
    ),
  ),
  {
    name: 'nobody is woken when the fence timeout is over',
    plan(observed) {
      const { requeueAfterMs: _, ...sleeping } = plan(observed);
      return sleeping.reason === 'AwaitingFence' ? sleeping : plan(observed);
    },
  },
  acting('a run on a lost node is given up without the reason', (actions, { node }) =>
    node?.ready === false ? without('MarkEnding')(actions) : actions,
  ),
];

/** Bugs that only show where a run is stuck, or nobody scans its QR code. */
export const mutantsOfStuckRuns: readonly Mutant[] = [
  withoutRule('stuck'),
  seeing('a QR code may wait for ever', (observed) => {
    const { session } = observed;
    if (session === undefined) return observed;
    const spec = { ...session.spec, pairing: { timeoutSeconds: 0 } };
    return { ...observed, session: { ...session, spec } };
  }),
  believing('another QR code follows the one that nobody scanned', (observed) => {
    const { sessionEnd } = observed;
    if (sessionEnd?.reason !== 'pairing_timeout') return observed;
    return { ...observed, sessionEnd: { ...sessionEnd, reason: 'pod_deleted' } };
  }),
  {
    name: 'nobody is woken when a run has been stuck for long enough',
    plan(observed) {
      const { requeueAfterMs: _, ...sleeping } = plan(observed);
      return sleeping.reason === 'Settled' ? sleeping : plan(observed);
    },
  },
];

/** Bugs that only show in a session that fails again and again. */
export const mutantsOfBudgets: readonly Mutant[] = [
  believing('the budget of restarts is ignored', (observed) => {
    const { session } = observed;
    if (session === undefined) return observed;
    const spec = { ...session.spec, recovery: { ...session.spec.recovery, maxRestarts: 99 } };
    return { ...observed, session: { ...session, spec } };
  }),
];

/** Bugs that only show where records are refused. */
export const mutantsOfRefusedRecords: readonly Mutant[] = [
  seeing('a run without a record is kept for ever', (observed) => {
    const { sessionEnd: _, ...unrecorded } = observed;
    return observed.sessionEnd?.isLost ? unrecorded : observed;
  }),
  { name: 'a record is given up at its first refusal', without: ['deadline of CreateSessionEnd'] },
];

/** Bugs that only show when a leader wakes that has lost its lease. */
export const mutantsOfTwoLeaders: readonly Mutant[] = [
  { name: 'DeletePod does not name the uid', without: ['uid of DeletePod'] },
  { name: 'RemovePodFinalizer is not judged anew', without: ['judgement of RemovePodFinalizer'] },
  { name: 'DeleteClaim does not name the uid', without: ['uid of DeleteClaim'] },
];
