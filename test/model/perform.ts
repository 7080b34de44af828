import type { Action } from '@berth/operator/plan/action.ts';
import { isConfirmedDead } from '@berth/operator/plan/confirmed-dead.ts';
import { isPresumedDead } from '@berth/operator/plan/fence.ts';
import type { Observed } from '@berth/operator/plan/observed.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { podOf, type SessionObject, sessionOf } from './objects.ts';
import { deletePod, releasePod } from './pod-deletion.ts';
import * as promises from './promises.ts';
import { createSessionEnd } from './record-end.ts';
import { numberIn, observedPod, type View, withStatus } from './view.ts';
import { change, claimOf, type World, type Writer } from './world.ts';

/** Preconditions of writes that a mutant leaves out. */
export type Precondition =
  | 'uid of DeletePod'
  | 'judgement of RemovePodFinalizer'
  | 'version of RemoveSessionFinalizer'
  | 'version of the status'
  | 'name of CreateSessionEnd'
  | 'uid of DeleteClaim'
  | 'newest session of CreatePod'
  | 'deadline of CreateSessionEnd';

/** Who acts, on what view, and how. */
export interface Performance {
  readonly view: View;
  readonly observed: Observed;
  /** The actions of the same plan that were performed before. */
  readonly done: readonly Action[];
  /** A leader that has lost its lease learns of its writes too, but it is no longer the one whose view counts. */
  readonly writer: Writer;
  readonly lagging: number;
  readonly without: ReadonlySet<Precondition>;
}

/** What became of an action. After `refused` the rest of the plan is dropped, as after a conflict or an error. */
export interface Outcome {
  readonly world: World;
  readonly refused?: true;
  /** A promise that this action breaks. */
  readonly broken?: string | undefined;
  /** What is worth telling, where an action may go more than one way. */
  readonly note?: string;
}

/** Everything that may become of an action: as operator/act does it, on an API server that is the world itself. */
export function perform(action: Action, world: World, how: Performance): readonly Outcome[] {
  switch (action.type) {
    case 'AddSessionFinalizer':
      return [addSessionFinalizer(world, how)];
    case 'RemoveSessionFinalizer':
      return [removeSessionFinalizer(world, how)];
    case 'MarkEnding':
      return [markEnding(action, world, how)];
    case 'PublishTrust':
    case 'ConfirmSession':
      return [{ world }]; // No decision here has them.
    case 'CreateClaim':
      return [createClaim(world, how)];
    case 'DeleteClaim':
      return [deleteClaim(action.uid, world, how)];
    case 'CreatePod':
      return [createPod(action, world, how)];
    case 'AddPodFinalizer':
      return [addPodFinalizer(action.uid, world, how)];
    case 'AskPodToStop':
      return askPodToStop(action.uid, world, how);
    case 'DeletePod':
      return [removePod(action.uid, world, how)];
    case 'RemovePodFinalizer':
      return [removePodFinalizer(action.uid, world, how)];
    case 'CreateSessionEnd':
      return createSessionEnd(action, world, how);
  }
}

/** Writes a status that was made from a view of the session: refused when the session is no longer that. */
export function writeStatus(
  world: World,
  seen: SessionObject,
  next: SessionObject,
  { writer, lagging, without }: Pick<Performance, 'writer' | 'lagging' | 'without'>,
): Outcome {
  const { session } = world.api;
  if (session === undefined || session.uid !== seen.uid) return { world, refused: true };
  if (session !== seen && !without.has('version of the status')) return { world, refused: true };
  const { run, report, unpaired, lastEnd, recovery, isStopped } = next;
  const written = sessionOf({ ...session, run, report, unpaired, lastEnd, recovery, isStopped });
  return {
    world: change(world, 'session', written, writer, lagging),
    broken: promises.ofStatusWrite(world, session, written),
  };
}

function addSessionFinalizer(world: World, { view, writer, lagging }: Performance): Outcome {
  const { session } = world.api;
  if (view.session === undefined || view.session.finalizer) return { world };
  if (session !== view.session || session.deleting) return { world, refused: true };
  return { world: change(world, 'session', sessionOf({ ...session, finalizer: true }), writer, lagging) };
}

function removeSessionFinalizer(world: World, { view, done, writer, lagging, without }: Performance): Outcome {
  const { session } = world.api;
  if (view.session === undefined) return { world };
  if (session === undefined) return { world: change(world, 'session', undefined, writer, lagging) };
  if (session !== view.session && !without.has('version of RemoveSessionFinalizer')) return { world, refused: true };
  const released = session.deleting ? undefined : sessionOf({ ...session, finalizer: false });
  return {
    world: change(world, 'session', released, writer, lagging),
    broken: promises.ofSessionRelease(world, session, view, done),
  };
}

function markEnding(
  { runUid, reason, deadlineMs }: Extract<Action, { type: 'MarkEnding' }>,
  world: World,
  how: Performance,
): Outcome {
  const { session, pod, nowMs } = how.observed;
  if (session === undefined || how.view.session === undefined || pod?.uid !== runUid) return { world };
  const known = session.status.run?.uid === runUid ? session.status.run : undefined;
  const since = new Date(nowMs).toISOString();
  const deadline = deadlineMs === undefined ? {} : { deadline: new Date(deadlineMs).toISOString() };
  const run = { uid: runUid, number: pod.runNumber ?? 1, ...known, ending: { reason, since, ...deadline } };
  const marked = { ...session, status: { ...session.status, run } };
  const next = sessionStatus({ ...how.observed, session: marked }, marked);
  return writeStatus(world, how.view.session, withStatus(how.view.session, next), how);
}

function createClaim(world: World, { view, writer, lagging }: Performance): Outcome {
  if (world.api.claim !== undefined) return { world };
  if (world.namespaceGoing) return { world, refused: true };
  return { world: change(world, 'claim', claimOf(view.session?.uid ?? 0, false), writer, lagging) };
}

function deleteClaim(uid: string, world: World, { view, writer, lagging, without }: Performance): Outcome {
  const { claim } = world.api;
  if (claim === undefined) return { world };
  if (claim.uid !== numberIn(uid) && !without.has('uid of DeleteClaim')) return { world, refused: true };
  return {
    world: change(world, 'claim', claimOf(claim.uid, true), writer, lagging),
    broken: promises.ofClaimDeletion(world, view),
  };
}

function createPod({ pod }: Extract<Action, { type: 'CreatePod' }>, world: World, how: Performance): Outcome {
  const { session } = world.api;
  const seen = how.view.session;
  if (session === undefined || seen === undefined) return { world, refused: true };
  const isNewest = sessionOf({ ...session, finalizer: true }) === sessionOf({ ...seen, finalizer: true });
  // ConfirmSession reads the newest before: a start on an old one knows nothing of the end before. A leader that falls
  // asleep between this and the creation is left out: no precondition can fence that.
  if (!isNewest && !how.without.has('newest session of CreatePod')) return { world, refused: true };
  if (world.api.pod !== undefined) {
    // Another leader's, or our own before a crash: it is read and taken in.
    return { world: how.writer === 'leader' ? { ...world, cached: { ...world.cached, pod: world.api.pod } } : world };
  }
  const { annotations, finalizers, ownerReferences } = pod.metadata;
  if (world.namespaceGoing) return { world, refused: true };
  const made = podOf({
    uid: world.runs + 1,
    session: numberIn(ownerReferences[0].uid),
    number: Number(annotations['berth.dev/run-number']),
    restart: how.view.session?.restart ?? 0,
    finalizer: finalizers.length > 0,
    bound: false,
    deletion: 'none',
    container: 'none',
  });
  return {
    world: change({ ...world, runs: world.runs + 1 }, 'pod', made, how.writer, how.lagging),
    broken: promises.ofStart(world, how.view),
  };
}

function addPodFinalizer(uid: string, world: World, { view, writer, lagging }: Performance): Outcome {
  if (view.pod?.uid !== numberIn(uid)) return { world };
  const { pod } = world.api;
  if (pod !== view.pod || pod.deletion !== 'none') return { world, refused: true };
  return { world: change(world, 'pod', podOf({ ...pod, finalizer: true }), writer, lagging) };
}

/** A pod that does not answer, whatever the cause, is deleted at once. */
function askPodToStop(uid: string, world: World, how: Performance): readonly Outcome[] {
  if (how.view.pod?.uid !== numberIn(uid)) return [{ world }];
  const deleted = { ...removePod(uid, world, how), note: 'it does not answer' };
  const { pod } = world.api;
  const answers = pod?.uid === numberIn(uid) && world.process === 'alive' && pod.container !== 'wedged';
  if (!answers) return [deleted];
  const broken = promises.ofKill(world, how.view);
  return [{ world: { ...world, asked: true }, note: 'it answers', broken }, deleted];
}

function removePod(uid: string, world: World, { view, writer, lagging, without }: Performance): Outcome {
  const { pod } = world.api;
  const known = world.cached.pod?.uid === numberIn(uid);
  if (pod === undefined) {
    const gone = known && writer === 'leader';
    return { world: gone ? { ...world, cached: { ...world.cached, pod: undefined } } : world };
  }
  if (pod.uid !== numberIn(uid) && !without.has('uid of DeletePod')) return { world, refused: true };
  const after = deletePod(world, 'at once', writer, lagging);
  // The answer to a deletion that removes the object at once is its last state: only the watch tells that it is gone.
  const taken = after.api.pod === undefined ? { ...after, cached: { ...after.cached, pod: world.cached.pod } } : after;
  return { world: taken, broken: promises.ofKill(world, view) ?? promises.ofPodRemoval(world, after, view) };
}

/** Judges once more, on the newest state held: that state's version is the precondition. */
function removePodFinalizer(uid: string, world: World, how: Performance): Outcome {
  const { view, writer, lagging, without } = how;
  const { pod } = world.api;
  const unjudged = without.has('judgement of RemovePodFinalizer');
  const held = writer === 'leader' ? world.cached.pod : view.pod;
  const judged = held?.uid === numberIn(uid) ? held : view.pod;
  if (judged?.uid !== numberIn(uid) || !judged.finalizer) return { world };
  const observed = observedPod(judged);
  if (!unjudged && !isConfirmedDead(observed) && !isPresumedDead({ ...how.observed, pod: observed })) return { world };
  if (pod === undefined) return { world: change(world, 'pod', undefined, writer, lagging) };
  if (pod !== judged && !unjudged) return { world, refused: true };
  const after = releasePod(world, writer, lagging);
  return {
    world: after,
    broken: promises.ofPodRelease(world, view) ?? promises.ofPodRemoval(world, after, view),
  };
}
