import type { Action } from '@berth/operator/plan/action.ts';
import type { SessionEndSpec } from '@berth/operator/resource/session-end.ts';
import { endOf, isHeld, maxRestarts, type PodObject, type SessionObject, sessionOf } from './objects.ts';
import { numberIn, type View } from './view.ts';
import { isClosed, type World } from './world.ts';

/**
 * What must never happen, each in a sentence; undefined when all is well. A view of the session that is old excuses what
 * only a decision can break (that is the price of any cache), but never two lives, a lost record or a false one.
 */
type Broken = string | undefined;

/** What must hold in every state. */
export function ofState({ api: { pod, ends }, process, ghosts, presumed }: World): Broken {
  if (ends.some(({ run, confirmed }) => confirmed && (presumed & (1 << run)) !== 0))
    return 'the end of a run that was only presumed dead is recorded as confirmed';
  const living = ghosts | (pod !== undefined && process === 'alive' ? 1 << pod.uid : 0);
  if (living === 0) return undefined;
  if ((living & (living - 1)) !== 0) return 'two processes of the session live';
  const run = 31 - Math.clz32(living);
  return endOf(ends, run)?.confirmed === true ? `run-${run} lives, and its end is recorded as confirmed` : undefined;
}

/** Of a status that is written over another. */
export function ofStatusWrite(world: World, before: SessionObject, after: SessionObject): Broken {
  const [was, is] = [before.run, after.run];
  if (was !== undefined && was.uid !== is?.uid && !isClosed(world, was.uid))
    return `the status forgets run-${was.uid}, which has no session_end`;
  if (is !== undefined && was?.uid !== is.uid && (before.lastEnd?.run ?? 0) >= is.uid)
    return `run-${is.uid} is over and becomes the present run again`;
  if (was?.ending?.graceful === false && was.uid === is?.uid && is.ending?.graceful !== false)
    return `run-${was.uid} was killed and is given time again`;
  if ((before.lastEnd?.run ?? 0) > (after.lastEnd?.run ?? 0)) return 'the status forgets the last end';
  return undefined;
}

/** Of taking our finalizer off the session, after the actions of the same plan before it. */
export function ofSessionRelease(world: World, session: SessionObject, view: View, done: readonly Action[]): Broken {
  const { pod, claim } = world.api;
  if (pod?.session === session.uid) return `the session is let go while the pod of run-${pod.uid} is there`;
  if (session.run !== undefined && !isClosed(world, session.run.uid))
    return `the session is let go while run-${session.run.uid} has no session_end`;
  const wasDeleted = done.some(({ type }) => type === 'DeleteClaim'); // A sleeping leader may have made another.
  if (session.deleting && !wasDeleted && view.claim !== undefined && claim === view.claim && !claim.deleting)
    return 'the session is let go before its claim';
  return undefined;
}

/** Of the deletion of the claim that is there. */
export function ofClaimDeletion({ api: { session, claim } }: World, view: View): Broken {
  if (session === undefined || session.uid !== claim?.uid || session.deleting || view.session === undefined)
    return undefined;
  return 'the claim of a session that stays is deleted';
}

/** Of the creation of a pod. */
export function ofStart({ api, failures }: World, { session: seen }: View): Broken {
  const { session } = api;
  if (session === undefined || seen === undefined) return undefined;
  const isFresh = sessionOf({ ...session, finalizer: true }) === sessionOf({ ...seen, finalizer: true });
  if (!isFresh) return undefined;
  if (session.desired !== 'Running' || session.deleting) return 'a pod is created for a session that shall not run';
  if (isHeld(session)) return 'a pod is created for a session that is held';
  if (failures > maxRestarts)
    return 'a pod is created after an end that allows none, or beyond the budget, and nobody asked';
  return session.run === undefined
    ? undefined
    : `a pod is created while run-${session.run.uid} is not closed in the status`;
}

/** Of ending a pod that is there, or asking it to end. */
export function ofKill({ api: { session, pod }, process }: World, view: View): Broken {
  const isDead =
    process === 'ended' || process === 'replaced' || (pod !== undefined && willNeverRun(pod)) || isPresumption(view);
  if (pod === undefined || isDead || session?.uid !== pod.session || view.session?.uid !== session.uid)
    return undefined;
  const isWritten = session.run?.uid === pod.uid && session.run.ending !== undefined;
  return isWritten ? undefined : `run-${pod.uid} is ended before the reason is written down`;
}

/** Nothing binds a pod without node that is being deleted, and what the kubelet refused never starts. */
const willNeverRun = ({ bound, deletion, container }: PodObject) =>
  container === 'refused' || (!bound && deletion !== 'none');

/** Of an object that was there before a write of ours and is not after it. */
export function ofPodRemoval(before: World, after: World, view: View): Broken {
  const { pod } = before.api;
  if (pod === undefined || after.api.pod !== undefined || isClosed(before, pod.uid)) return undefined;
  if (!pod.finalizer && view.pod?.finalizer === true) return undefined; // It was taken off since the look.
  return `the pod of run-${pod.uid} is taken away by us without a session_end`;
}

/** Of taking our finalizer off the pod that is there. */
export function ofPodRelease(world: World, view: View): Broken {
  const { pod, ends } = world.api;
  if (pod === undefined) return undefined;
  const end = endOf(ends, pod.uid);
  if (mayLive(world, pod) && !(isPresumption(view) && end?.confirmed !== true))
    return `run-${pod.uid} is released while its process may live, and nobody may presume it dead`;
  if (!isClosed(world, pod.uid)) return `run-${pod.uid} is released without a session_end`;
  if (end !== undefined && !end.settled && !view.over.includes('drain'))
    return `run-${pod.uid} is released before its sinks had their time`;
  return undefined;
}

/** Whether a process of the pod lives, or its kubelet may still start one. */
const mayLive = ({ process }: World, { bound, container }: PodObject) =>
  process === 'alive' || (process === 'none' && bound && (container === 'none' || container === 'given up'));

/** Whether a run may be taken for dead without proof: asked to go, on a node that was lost for all of the fence timeout. */
function isPresumption({ pod, node, over }: View): boolean {
  if (pod === undefined || node === undefined || pod.deletion === 'none') return false;
  return node.state === 'out of service' || over.includes('fence');
}

/** Of the record of an end. */
export function ofRecord(world: World, view: View, { run, reason, terminationConfirmed }: SessionEndSpec): Broken {
  const uid = numberIn(run.uid);
  const { session, pod } = world.api;
  const lives = pod?.uid === uid ? mayLive(world, pod) : ((world.ghosts | world.presumed) & (1 << uid)) !== 0;
  if (terminationConfirmed && lives) return `the end of run-${uid} is recorded as confirmed while its process may live`;
  if (pod?.uid === uid && !terminationConfirmed && !isPresumption(view))
    return `the end of run-${uid} is recorded as lost while its pod is there`;
  const ending = session?.run?.uid === uid ? session.run.ending : undefined;
  if (ending !== undefined && session === view.session && reason !== ending.reason && reason !== 'replaced')
    return `the end of run-${uid} is recorded as ${reason}, and ${ending.reason} was written down`;
  return undefined;
}
