import { reportAfter } from '@berth/operator/api/report-status.ts';
import { runVerdict } from '@berth/operator/api/run-verdict.ts';
import { reportedStatus } from '@berth/operator/plan/session-status.ts';
import type { RunReport } from '@berth/protocol';
import { at, nowMs } from '../builders/observed.ts';
import type { Bounds } from './bounds.ts';
import { idOf, kinds, type PodObject, podOf, type SessionObject, saysDead, sessionOf, withEnd } from './objects.ts';
import { writeStatus } from './perform.ts';
import { deletePod, releasePod } from './pod-deletion.ts';
import type { Step } from './step.ts';
import { observedPod, observedSession, withStatus } from './view.ts';
import { change, claimOf, seen, type World, withoutPod } from './world.ts';

/** Everything that may happen next without the operator. */
export function environmentSteps(world: World, bounds: Bounds): Step[] {
  return [
    ...watchSteps(world),
    ...kubeletSteps(world, bounds),
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

/** The scheduler, the kubelet and the process of the pod that is there. */
function kubeletSteps(world: World, { lagging }: Bounds): Step[] {
  const { pod } = world.api;
  const steps: Step[] = [];
  const add = (label: string, next: World, hope: Step['hope'] = 'sure') => steps.push({ label, hope, world: next });
  for (let run = 1; run <= world.runs; run++) {
    if ((world.ghosts & (1 << run)) !== 0)
      add(`the process of run-${run}, which has no object, dies`, { ...world, ghosts: world.ghosts & ~(1 << run) });
  }
  if (pod === undefined) return steps;
  const { process } = world;
  const become = (parts: Partial<PodObject>, over: Partial<World> = {}) =>
    change({ ...world, ...over }, 'pod', podOf({ ...pod, ...parts }), 'others', lagging);
  const mayStart = pod.bound && process === 'none' && pod.container === 'none';

  if (!pod.bound && pod.deletion === 'none') add('the scheduler binds the pod', become({ bound: true }));
  if (mayStart) add('the process starts', { ...world, process: 'alive' });
  if (process === 'alive' && pod.container === 'none')
    add('the kubelet reports the container as running', become({ container: 'running' }));
  if (process === 'alive' && pod.deletion !== 'none')
    add('the process ends, as the kubelet tells it', { ...world, process: 'ended' });
  if (process === 'alive' && world.asked)
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
  if (process === 'alive' && world.api.session !== undefined) steps.push(...reportSteps(world, pod, lagging));
  return steps;
}

/** A report is judged on a view of the pod that may be old, and written on the newest session: a conflict reads it anew. */
function reportSteps(world: World, pod: PodObject, lagging: number): Step[] {
  const { session } = world.api;
  if (session === undefined || session.report === pod.uid) return [];
  const { cached } = world;
  const views = cached.pod?.uid === pod.uid && cached.pod !== pod ? [pod, cached.pod] : [pod];
  return views.flatMap((view): Step[] => {
    const next = reported(session, view);
    if (next === undefined) return [];
    const how = { writer: 'others', lagging, without: new Set<never>() } as const;
    const { world: after, broken } = writeStatus(world, session, next, how);
    return [{ label: `run-${pod.uid} reports that it is ready`, hope: 'likely', world: after, broken }];
  });
}

const reportedBefore = new Map<string, SessionObject | undefined>();

/** The session after the first report of a run; undefined when it is refused. */
function reported(session: SessionObject, view: PodObject): SessionObject | undefined {
  const key = `${idOf(session)},${idOf(view)}`;
  if (!reportedBefore.has(key)) reportedBefore.set(key, takeReport(session, view));
  return reportedBefore.get(key);
}

function takeReport(session: SessionObject, view: PodObject): SessionObject | undefined {
  const before = observedSession(session, []);
  const pod = observedPod(view);
  if (runVerdict(pod.uid, pod, before) !== 'lives') return undefined;
  const report: RunReport = {
    runUid: pod.uid,
    sequence: 1,
    state: 'ready',
    stateSince: at(0),
    reconnects: 0,
    certificateSha256: 'ab'.repeat(32),
  };
  const status = { ...before.status, report: reportAfter(before.status.report, report) };
  return withStatus(session, { ...status, ...reportedStatus({ ...before, status }, pod, before, nowMs) });
}

/** Controllers of the cluster, and the outbox. */
function clusterSteps(world: World, { lagging }: Bounds): Step[] {
  const { session, pod, ends, claim } = world.api;
  const steps: Step[] = [];
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
  const spent: World = { ...world, commandsLeft: world.commandsLeft - 1 };
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
function faultSteps(world: World, { lagging }: Bounds): Step[] {
  const { session, pod } = world.api;
  const spent: World = { ...world, faultsLeft: world.faultsLeft - 1 };
  const steps: Step[] = [];
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
  if (pod.bound && world.process === 'none' && pod.container === 'none')
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
