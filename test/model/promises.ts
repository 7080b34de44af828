import type { Action } from '@berth/operator/plan/action.ts';
import type { SessionEndSpec } from '@berth/operator/resource/session-end.ts';
import { endOf, type PodObject, type SessionObject, sessionOf } from './objects.ts';
import { numberIn, type View } from './view.ts';
import type { World } from './world.ts';

/**
 * What must never happen, each in a sentence; undefined when all is well. A view of the session that is old excuses what
 * only a decision can break (that is the price of any cache), but never two lives, a lost record or a false one.
 */
type Broken = string | undefined;

/** What must hold in every state. */
export function ofState({ api: { pod, ends }, process, ghosts }: World): Broken {
  const living = ghosts | (pod !== undefined && process === 'alive' ? 1 << pod.uid : 0);
  if (living === 0) return undefined;
  if ((living & (living - 1)) !== 0) return 'two processes of the session live';
  const run = 31 - Math.clz32(living);
  return endOf(ends, run)?.confirmed === true ? `run-${run} lives, and its end is recorded as confirmed` : undefined;
}

/** Of a status that is written over another. */
export function ofStatusWrite({ api }: World, before: SessionObject, after: SessionObject): Broken {
  const [was, is] = [before.run, after.run];
  if (was !== undefined && was.uid !== is?.uid && endOf(api.ends, was.uid) === undefined)
    return `the status forgets run-${was.uid}, which has no session_end`;
  if (is !== undefined && was?.uid !== is.uid && (before.lastEnd?.run ?? 0) >= is.uid)
    return `run-${is.uid} is over and becomes the present run again`;
  if (was?.ending?.graceful === false && was.uid === is?.uid && is.ending?.graceful !== false)
    return `run-${was.uid} was killed and is given time again`;
  if ((before.lastEnd?.run ?? 0) > (after.lastEnd?.run ?? 0)) return 'the status forgets the last end';
  return undefined;
}

/** Of taking our finalizer off the session, after the actions of the same plan before it. */
export function ofSessionRelease({ api }: World, session: SessionObject, view: View, done: readonly Action[]): Broken {
  const { pod, ends, claim } = api;
  if (pod?.session === session.uid) return `the session is let go while the pod of run-${pod.uid} is there`;
  if (session.run !== undefined && endOf(ends, session.run.uid) === undefined)
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

/** Of the creation of a pod, after the actions of the same plan before it. */
export function ofStart({ api }: World, { session: seen }: View, done: readonly Action[]): Broken {
  const { session } = api;
  if (session === undefined || seen === undefined) return undefined;
  const hadFinalizer = seen.finalizer || done.some(({ type }) => type === 'AddSessionFinalizer');
  if (!hadFinalizer) return 'a pod is created for a session that has not got our finalizer';
  const isFresh = sessionOf({ ...session, finalizer: true }) === sessionOf({ ...seen, finalizer: true });
  if (!isFresh) return undefined;
  if (session.desired !== 'Running' || session.deleting) return 'a pod is created for a session that shall not run';
  if (session.recovery === 'held' && session.restart <= (session.lastEnd?.restart ?? 0))
    return 'a pod is created for a session that is held';
  return session.run === undefined
    ? undefined
    : `a pod is created while run-${session.run.uid} is not closed in the status`;
}

/** Of ending a pod that is there, or asking it to end. */
export function ofKill({ api: { session, pod }, process }: World, view: View): Broken {
  const isDead = process === 'ended' || process === 'replaced' || (pod !== undefined && willNeverRun(pod));
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
  const { pod, ends } = before.api;
  if (pod === undefined || after.api.pod !== undefined || endOf(ends, pod.uid) !== undefined) return undefined;
  if (!pod.finalizer && view.pod?.finalizer === true) return undefined; // It was taken off since the look.
  return `the pod of run-${pod.uid} is taken away by us without a session_end`;
}

/** Of taking our finalizer off the pod that is there. */
export function ofPodRelease({ api: { pod, ends }, process }: World, view: View): Broken {
  if (pod === undefined) return undefined;
  if (process === 'alive' || (process === 'none' && pod.bound && pod.container === 'none'))
    return `run-${pod.uid} is released while its process may live`;
  const end = endOf(ends, pod.uid);
  if (end === undefined) return `run-${pod.uid} is released without a session_end`;
  if (!end.settled && !view.over.includes('drain')) return `run-${pod.uid} is released before its sinks had their time`;
  return undefined;
}

/** Of the record of an end. */
export function ofRecord(
  { api, process, ghosts }: World,
  view: View,
  { run, reason, terminationConfirmed }: SessionEndSpec,
): Broken {
  const uid = numberIn(run.uid);
  const { session, pod } = api;
  const mayLive =
    pod?.uid === uid
      ? process === 'alive' || (process === 'none' && pod.bound && pod.container === 'none')
      : (ghosts & (1 << uid)) !== 0;
  if (terminationConfirmed && mayLive)
    return `the end of run-${uid} is recorded as confirmed while its process may live`;
  if (pod?.uid === uid && !terminationConfirmed)
    return `the end of run-${uid} is recorded as lost while its pod is there`;
  const ending = session?.run?.uid === uid ? session.run.ending : undefined;
  if (ending !== undefined && session === view.session && reason !== ending.reason && reason !== 'replaced')
    return `the end of run-${uid} is recorded as ${reason}, and ${ending.reason} was written down`;
  return undefined;
}
