import { reportAfter } from '@berth/operator/api/report-status.ts';
import { runVerdict } from '@berth/operator/api/run-verdict.ts';
import { reportedStatus } from '@berth/operator/plan/session-status.ts';
import type { RunReport } from '@berth/protocol';
import { at, nowMs } from '../builders/observed.ts';
import type { Bounds } from './bounds.ts';
import { lostNodeSteps } from './lost-node.ts';
import {
  idOf,
  kinds,
  lostNodeOf,
  type PodObject,
  podOf,
  type SessionObject,
  saysDead,
  sessionOf,
  withEnd,
} from './objects.ts';
import { writeStatus } from './perform.ts';
import { deletePod, releasePod } from './pod-deletion.ts';
import type { Step } from './step.ts';
import { observedPod, observedSession, withStatus } from './view.ts';
import { change, claimOf, isCutOff, seen, type World, withoutPod } from './world.ts';

/** Everything that may happen next without the operator. */
export function environmentSteps(world: World, bounds: Bounds): Step[] {
  return [
    ...watchSteps(world),
    ...(isCutOff(world) ? [] : kubeletSteps(world, bounds)),
    ...ghostSteps(world),
    ...(bounds.parts.includes('lost nodes') ? lostNodeSteps(world, bounds) : []),
    ...clusterSteps(world, bounds),
    ...(world.commandsLeft > 0 ? userSteps(world, bounds) : []),
    ...(world.faultsLeft > 0 ? faultSteps(world, bounds) : []),
  ];
}

function watchSteps(world: World): Step[] {
  const behind = kinds.filter(
    (kind) => world.watched[kind] !== world.api[kind] || world.cached[kind] !== world.api[kind],
  );
  return behind.map((kind) => ({ label: `the watch brings the ${kind}`, hope: 'sure', world: seen(world, kind) }));
}

/** Processes of objects that are gone; one of a lost node may also take the connection from the run that is there. */
function ghostSteps(world: World): Step[] {
  const steps: Step[] = [];
  for (let run = 1; run <= world.runs; run++) {
    if ((world.ghosts & (1 << run)) === 0) continue;
    const label = `the process of run-${run}, which has no object, dies`;
    steps.push({ label, hope: 'sure', world: { ...world, ghosts: world.ghosts & ~(1 << run) } });
  }
  if (world.presumed !== 0 && world.process === 'alive') {
    const label = 'the process ends: that of a run which was presumed dead took over';
    steps.push({ label, hope: 'none', world: { ...world, process: 'replaced' } });
  }
  return steps;
}

/** The scheduler, the kubelet and the process of the pod that is there. */
function kubeletSteps(world: World, { lagging, parts }: Bounds): Step[] {
  const { pod } = world.api;
  const steps: Step[] = [];
  const add = (label: string, next: World, hope: Step['hope'] = 'sure') => steps.push({ label, hope, world: next });
  if (pod === undefined) return steps;
  const { process } = world;
  const become = (changes: Partial<PodObject>, over: Partial<World> = {}) =>
    change({ ...world, ...over }, 'pod', podOf({ ...pod, ...changes }), 'others', lagging);
  const isUnstarted = pod.container === 'none' || pod.container === 'given up';
  const mayStart = pod.bound && process === 'none' && isUnstarted;

  if (!pod.bound && pod.deletion === 'none') add('the scheduler binds the pod', become({ bound: true }));
  if (mayStart && pod.container === 'none') add('the process starts', { ...world, process: 'alive' });
  if (process === 'alive' && pod.container === 'none')
    add('the kubelet reports the container as running', become({ container: 'running' }));
  if (process === 'alive' && pod.deletion !== 'none')
    add('the process ends, as the kubelet tells it', { ...world, process: 'ended' });
  if (process === 'alive' && world.asked && pod.container !== 'wedged')
    add('the process ends, as it was asked to', { ...world, process: 'ended' }, 'likely');
  if ((process === 'ended' || process === 'replaced') && !saysDead(pod))
    add(
      'the kubelet reports the container as terminated',
      become({ container: process === 'replaced' ? 'replaced' : 'terminated' }),
    );
  if (mayStart && pod.deletion !== 'none')
    add(
      'the kubelet reports the container, never started, as terminated',
      become({ container: 'terminated' }, { process: 'ended' }),
    );
  if (pod.deletion === 'graceful' && saysDead(pod))
    add('the kubelet takes the grace away', deletePod(world, 'at once', 'others', lagging));
  if (process === 'alive' && world.api.session !== undefined && pod.container !== 'wedged') {
    steps.push(...reportSteps(world, pod, 'ready', lagging));
    if (parts.includes('stuck runs')) steps.push(...reportSteps(world, pod, 'waiting_for_pairing', lagging));
  }
  return steps;
}

/** A report is judged on a view of the pod that may be old, and written on the newest session: a conflict reads it anew. */
function reportSteps(world: World, pod: PodObject, state: ReportState, lagging: number): Step[] {
  const { session } = world.api;
  const isTold = session?.report === pod.uid && (session.unpaired !== true || state === 'waiting_for_pairing');
  if (session === undefined || isTold) return [];
  const { cached } = world;
  const views = cached.pod?.uid === pod.uid && cached.pod !== pod ? [pod, cached.pod] : [pod];
  return views.flatMap((view): Step[] => {
    const next = reported(session, view, state);
    if (next === undefined) return [];
    const how = { writer: 'others', lagging, without: new Set<never>() } as const;
    const { world: after, broken } = writeStatus(world, session, next, how);
    const hope = state === 'ready' ? 'likely' : 'none';
    return [{ label: `run-${pod.uid} reports: ${state}`, hope, world: after, broken }];
  });
}

type ReportState = 'ready' | 'waiting_for_pairing';
const reportedBefore = new Map<string, SessionObject | undefined>();

/** The session after the first report of a run; undefined when it is refused. */
function reported(session: SessionObject, view: PodObject, state: ReportState): SessionObject | undefined {
  const key = `${idOf(session)},${idOf(view)},${state}`;
  if (!reportedBefore.has(key)) reportedBefore.set(key, takeReport(session, view, state));
  return reportedBefore.get(key);
}

function takeReport(session: SessionObject, view: PodObject, state: ReportState): SessionObject | undefined {
  const before = observedSession(session, []);
  const pod = observedPod(view);
  if (runVerdict(pod.uid, pod, before) !== 'lives') return undefined;
  const report: RunReport = {
    runUid: pod.uid,
    sequence: 3,
    state,
    stateSince: at(0),
    reconnects: 0,
    certificateSha256: 'ab'.repeat(32),
  };
  const status = { ...before.status, report: reportAfter(before.status.report, report) };
  return withStatus(session, { ...status, ...reportedStatus({ ...before, status }, pod, before, nowMs) });
}

/** Controllers of the cluster, the outbox, and who lifts a refusal. */
function clusterSteps(world: World, { lagging }: Bounds): Step[] {
  const { session, pod, ends, claim } = world.api;
  const steps: Step[] = [];
  if (world.refuses !== 'nowhere')
    steps.push({ label: 'session_ends are no longer refused', hope: 'none', world: { ...world, refuses: 'nowhere' } });
  for (const end of ends) {
    if (end.settled || end.run !== pod?.uid) continue; // After that nobody waits for it.
    const settled = change(world, 'ends', withEnd(ends, { ...end, settled: true }), 'others', lagging);
    steps.push({ label: `every sink has the session_end of run-${end.run}`, hope: 'likely', world: settled });
  }
  if (claim?.deleting && (pod === undefined || saysDead(pod)))
    steps.push({
      label: 'the claim is gone',
      hope: 'sure',
      world: change(world, 'claim', undefined, 'others', lagging),
    });
  if (pod !== undefined && session?.uid !== pod.session && pod.deletion === 'none')
    steps.push({
      label: 'the garbage collector deletes the pod without owner',
      hope: 'none',
      world: deletePod(world, 'graceful', 'others', lagging),
    });
  return steps;
}

/** Sessions under one name; the second is made only after every process of the first has ended. */
const sessionsAtMost = 2;

/** What users ask for. Each takes one of the commands that the bounds allow. */
function userSteps(world: World, { lagging }: Bounds): Step[] {
  const { session } = world.api;
  // Whatever somebody asks for, what went wrong before counts no more.
  const spent: World = { ...world, commandsLeft: world.commandsLeft - 1, failures: 0 };
  const steps: Step[] = [];
  const add = (label: string, next: World) => steps.push({ label, hope: 'none', world: next });
  if (!world.draining) add('an uninstall asks for the drain', { ...spent, draining: true });
  if (session === undefined) {
    const anew = sessionOf({
      uid: world.sessions + 1,
      deleting: false,
      finalizer: false,
      desired: 'Running',
      restart: 0,
      isStopped: false,
    });
    if (!world.namespaceGoing && world.sessions < sessionsAtMost && world.ghosts === 0)
      add(
        'a user creates the session anew',
        change({ ...spent, sessions: anew.uid }, 'session', anew, 'others', lagging),
      );
    return steps;
  }
  const become = (parts: Partial<typeof session>) =>
    change(spent, 'session', sessionOf({ ...session, ...parts }), 'others', lagging);
  for (const desired of ['Running', 'Stopped', 'Killed'] as const)
    if (session.desired !== desired) add(`a user sets desiredState to ${desired}`, become({ desired }));
  if (session.restart < 1) add('a user asks for a restart', become({ restart: session.restart + 1 }));
  if (session.deleting) return steps;
  const deleted = session.finalizer
    ? become({ deleting: true })
    : change(spent, 'session', undefined, 'others', lagging);
  add('a user deletes the session', deleted);
  if (!world.namespaceGoing) add('a user deletes the namespace', withoutNamespace(deleted, lagging));
  return steps;
}

/** Everything in the namespace is asked to go, and nothing can be created in it. */
function withoutNamespace(world: World, lagging: number): World {
  const going = deletePod({ ...world, namespaceGoing: true }, 'graceful', 'others', lagging);
  const { claim } = going.api;
  return claim === undefined ? going : change(going, 'claim', claimOf(claim.uid, true), 'others', lagging);
}

/** What goes wrong. Each takes one of the faults that the bounds allow. */
function faultSteps(world: World, bounds: Bounds): Step[] {
  const { lagging, parts } = bounds;
  const { session, pod } = world.api;
  const spent: World = { ...world, faultsLeft: world.faultsLeft - 1 };
  const steps = faultsOfParts(spent, bounds);
  if (parts.includes('nothing else')) return steps;
  const add = (label: string, next: World) => steps.push({ label, hope: 'none', world: next });
  if (session?.finalizer) {
    const released = session.deleting ? undefined : sessionOf({ ...session, finalizer: false });
    add("somebody takes the session's finalizer off", change(spent, 'session', released, 'others', lagging));
  }
  if (pod === undefined) return steps;
  // Of a pod that is removed by force before the status names it no trace is left: nobody can wait for its process.
  const isKnown = session?.run?.uid === pod.uid;
  if (world.process === 'alive') {
    add('the process crashes', { ...spent, process: 'ended' });
    add('the process ends: another client took over', { ...spent, process: 'replaced' });
  }
  if (pod.bound && world.process === 'none' && pod.container === 'none' && !isCutOff(world))
    add(
      'the kubelet refuses the pod',
      change(spent, 'pod', podOf({ ...pod, container: 'refused' }), 'others', lagging),
    );
  if (pod.deletion !== 'at once' && (pod.finalizer || isKnown))
    add('somebody deletes the pod by force', deletePod(spent, 'at once', 'others', lagging));
  if (pod.deletion === 'none') add('somebody deletes the pod', deletePod(spent, 'graceful', 'others', lagging));
  if (pod.finalizer && (isKnown || pod.deletion === 'none')) {
    add("somebody takes the pod's finalizer off", releasePod(spent, 'others', lagging));
    if (isKnown) add('somebody removes the pod by force', withoutPod(spent, 'others', lagging));
  }
  return steps;
}

/** What goes wrong in some worlds alone. */
function faultsOfParts(spent: World, { lagging, parts }: Bounds): Step[] {
  const { pod, node } = spent.api;
  const steps: Step[] = [];
  const add = (label: string, next: World) => steps.push({ label, hope: 'none', world: next });
  if (parts.includes('refused records') && spent.refuses === 'nowhere') {
    add('the namespace refuses session_ends', { ...spent, refuses: 'in the namespace' });
    add('session_ends are refused everywhere', { ...spent, refuses: 'everywhere' });
  }
  if (pod === undefined) return steps;
  if (parts.includes('lost nodes') && pod.bound && node === undefined) {
    const lost = change(spent, 'node', lostNodeOf(pod.uid, 'not ready'), 'others', lagging);
    add(`the node of run-${pod.uid} cannot be reached`, lost);
  }
  if (parts.includes('stuck runs') && spent.process === 'alive' && pod.container === 'running')
    add('the process wedges', change(spent, 'pod', podOf({ ...pod, container: 'wedged' }), 'others', lagging));
  return steps;
}
